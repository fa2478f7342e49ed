import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createRegistry, ENGINES, type TestRegistry, tempDir } from './helpers/registry.js'
import { openServer } from './helpers/server.js'

/** SECURITY.md, and what it promises that no other test shows. */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGE = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8')

describe('SECURITY.md', () => {
  const promised = PAGE.split(/^## /m).filter((section) => /^(What is promised|Secrets)/.test(section))
  const promises = promised.flatMap((section) => section.split('\n').filter((line) => line.startsWith('- ')))

  it('promises something', () => expect(promises.length).toBeGreaterThan(20))

  it.each(promises)('names a test that is there: %s', (promise) => {
    const tests = [...promise.matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)]
    expect(tests.length).toBeGreaterThan(0)
    for (const [, file = '', name = ''] of tests) {
      expect(existsSync(join(ROOT, file)), file).toBe(true)
      expect(readFileSync(join(ROOT, file), 'utf8').includes(name), `${file}: ${name}`).toBe(true)
    }
  })
})

/** Files of a branch that wait for somebody to run them, and a program that leaves a trace when it is run. */
function createHostile(registry: TestRegistry): { canary: string } {
  const canary = join(tempDir(), 'canary')
  const script = join(registry.dir, 'evil.sh')
  writeFileSync(script, `#!/bin/sh\necho run >> '${canary}'\ncat\n`)
  chmodSync(script, 0o755)
  const { slug } = registry.live('Greet', 'Hello {{name}}', 'production')
  mkdirSync(join(registry.dir, 'evals'))
  writeFileSync(
    join(registry.dir, `evals/${slug}.yaml`),
    `providers: ['exec:${script}']\ntests:\n  - vars: {name: Bo}\n    assert: [{type: contains, value: Hello}]\n`,
  )
  for (const name of ['promptctl.config.js', 'promptctl.js', '.promptctlrc.js', 'vitest.config.ts']) {
    writeFileSync(join(registry.dir, name), `require('node:fs').writeFileSync('${canary}', 'run')`)
  }
  writeFileSync(join(registry.dir, '.gitattributes'), '* filter=evil diff=evil merge=evil\nprompts/** -text\n')
  writeFileSync(
    join(registry.dir, '.gitmodules'),
    `[submodule "x"]\n\tpath = x\n\turl = ext::${script}\n\tupdate = !${script}\n`,
  )
  registry.commit('a stranger')
  // git looks at these only in its own configuration; the parts that would run without anybody asking are set there too.
  registry.repo.git('config', 'core.fsmonitor', script)
  registry.repo.git('config', 'diff.external', script)
  registry.repo.git('config', 'diff.evil.textconv', script)
  registry.repo.git('config', 'core.pager', script)
  registry.repo.git('config', 'core.hooksPath', registry.dir)
  for (const hook of ['pre-commit', 'post-index-change', 'post-checkout', 'reference-transaction']) {
    writeFileSync(join(registry.dir, hook), readFileSync(script), { mode: 0o755 })
  }
  registry.edit(slug, 'Hello', 'Hi')
  // A git that may would write the new time into its index.
  utimesSync(script, 1, 1)
  return { canary }
}

const READERS = [
  ['lint'],
  ['compile', '--strict'],
  ['compile', 'greet', '--var', 'name=Bo'],
  ['compile', 'greet', '--live', '--env', 'production', '--var', 'name=Bo'],
  ['list'],
  ['show', 'greet'],
  ['log'],
  ['log', 'greet'],
  ['diff', 'greet'],
  ['diff', 'development', 'production'],
  ['status'],
  ['variables', 'greet'],
] as const

/** Every file and its content, git's own included, but for our caches. */
const contentsOf = (dir: string): readonly string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }))
    .filter(({ path }) => !path.startsWith(join(dir, '.git/promptctl')))
    .map(({ entry, path }) => `${path} ${entry.isFile() ? digest(readFileSync(path)) : ''}`)
    .sort()

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe.each(ENGINES)('%s', (engine) => {
  it('reading a hostile checkout starts nothing and changes nothing', async () => {
    const registry = createRegistry({ engine })
    const { canary } = createHostile(registry)
    const before = contentsOf(registry.dir)
    for (const words of READERS) {
      const { exit, stderr } = await registry.cli(...words)
      expect([0, 1], `${words.join(' ')}: ${stderr}`).toContain(exit)
      expect(existsSync(canary), words.join(' ')).toBe(false)
    }
    expect(contentsOf(registry.dir)).toEqual(before)
    // The trap was armed: git itself runs into it.
    registry.repo.run(['status'])
    expect(existsSync(canary)).toBe(true)
  })
})

it('a server logs neither texts, nor values, nor tokens', async () => {
  const registry = createRegistry()
  const { slug } = registry.live('Greet', 'A text of ours for {{name}}', 'production')
  const { app, text } = await openServer(registry, { tokens: { 'token-of-ada': ['read:production'] } })
  const url = `/api/v1/prompts/${slug}/compiled`
  for (const payload of [{ name: 'a value of hers' }, { other: 'a value of hers' }, 'a value of hers']) {
    for (const token of ['token-of-ada', 'token-of-nobody']) {
      const headers = { host: '127.0.0.1', authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      await app.inject({ method: 'POST', url, headers, payload: JSON.stringify(payload) })
      await app.inject({
        method: 'GET',
        url: `${url}?name=${encodeURIComponent('a value of hers')}&access_token=${token}`,
        headers,
      })
    }
  }
  expect(text().split('\n').length).toBeGreaterThan(10)
  expect(text()).not.toMatch(/A text of ours|value(%20| |\+)of|(?<!t-)token-of-/)
})
