import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createRegistry, type TestRegistry } from '../helpers/registry.js'
import type { ProcessEnv } from '../helpers/repo.js'

const BIN = fileURLToPath(new URL('../../bin/promptctl.js', import.meta.url))

/** The program says that it is at work by a file in the registry's folder, and hangs. */
const SET = `providers: ['exec:sh -c "touch started; cat; sleep 30; touch ended"']
tests:
  - {description: canned, vars: {name: Ada}, providerOutput: Hello}
  - vars: {name: [Bo, Cy, Di, Ed, Flo, Gus]}
`

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs promptctl, and sends what Ctrl-C sends, or another signal, once the provider or a hook is at work. */
function interrupted(
  registry: TestRegistry,
  env: ProcessEnv,
  words: readonly string[],
  signal: NodeJS.Signals = 'SIGINT',
): Promise<Ended> {
  const child = spawn(process.execPath, [BIN, ...words], { cwd: registry.dir, env, stdio: 'pipe' })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (text) => (output[name] += text))
  const poll = setInterval(() => {
    if (!existsSync(join(registry.dir, 'started'))) return
    clearInterval(poll)
    child.kill(signal)
  }, 20)
  return new Promise((done) =>
    child.on('close', (status) => {
      clearInterval(poll)
      done({ status, ...output })
    }),
  )
}

it('Ctrl-C ends the calls, and what was answered is reported', async () => {
  const registry = createRegistry()
  const { slug } = registry.live('Greet')
  registry.repo.write(`evals/${slug}.yaml`, SET)
  const env = { ...registry.repo.env, PROMPTCTL_EVAL_ALLOW_EXEC: '1' }
  const { status, stdout } = await interrupted(registry, env, ['eval', slug])
  expect(status).toBe(130)
  expect(stdout).toContain('1\tcanned\tpass\n')
  expect(stdout).toContain('was interrupted')
  expect(stdout).toContain('1 of 7 passed, 6 with errors')
  expect(existsSync(join(registry.dir, 'ended'))).toBe(false)
})

it.each([
  ['Ctrl-C', 'SIGINT', 130],
  ['SIGTERM', 'SIGTERM', 143],
] as const)('%s in a gate writes nothing', async (_, signal, expected) => {
  const registry = createRegistry({ config: 'name: test\nbranch: main\ngates: {development: {eval: required}}\n' })
  const { slug } = registry.seed('Greet', [{ state: 'draft' }])
  registry.repo.write(`evals/${slug}.yaml`, SET)
  registry.commit('add a test set')
  const before = registry.head()
  const env = { ...registry.repo.env, PROMPTCTL_EVAL_ALLOW_EXEC: '1' }
  const { status, stderr } = await interrupted(registry, env, ['publish', slug], signal)
  expect([status, registry.head()]).toEqual([expected, before])
  expect(stderr).toContain('interrupted, and nothing was written')
})

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s in a hook commits nothing, and is named [case 33]', async (signal, expected) => {
  const registry = createRegistry()
  const { slug } = registry.seed('Greet', [{ state: 'draft' }])
  registry.repo.hook('pre-commit', 'touch started; sleep 20')
  const before = registry.head()
  const { status, stderr } = await interrupted(registry, registry.repo.env, ['publish', slug], signal)
  expect([status, registry.head()]).toEqual([expected, before])
  expect(stderr).toContain(`Interrupted by ${signal}: nothing was committed`)
  expect(registry.repo.git('status', '--porcelain')).toBe('?? started')
})
