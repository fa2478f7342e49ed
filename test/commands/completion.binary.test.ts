import { execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createRegistry, tempDir } from '../helpers/registry.js'

const BIN = fileURLToPath(new URL('../../bin/promptctl.js', import.meta.url))

it('completes in bash', async () => {
  const registry = createRegistry()
  const folder = tempDir()
  const stub = join(folder, 'promptctl')
  writeFileSync(stub, `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`)
  chmodSync(stub, 0o755)
  const { stdout: script } = await registry.cli('completion', 'bash')
  const complete = (line: string) =>
    `COMP_LINE=${JSON.stringify(line)} COMP_POINT=${line.length}; _promptctl; echo "\${COMPREPLY[@]}"`
  const lines = ['promptctl promote x --to=st', 'promptctl completion ', 'promptctl import ']
  const output = execFileSync('bash', ['-c', [script, ...lines.map(complete)].join('\n')], {
    cwd: registry.dir,
    env: { ...registry.repo.env, PATH: `${folder}:${process.env['PATH']}` },
    encoding: 'utf8',
  })
  expect(output).toBe('staging\nbash zsh fish\n\n')
})
