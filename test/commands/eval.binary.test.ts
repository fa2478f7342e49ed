import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createRegistry, type TestRegistry } from '../helpers/registry.js'
import type { ProcessEnv } from '../helpers/repo.js'

const BIN = fileURLToPath(new URL('../../bin/promptctl.js', import.meta.url))

const SET = `providers: ['exec:sh -c "echo started >&2; cat; sleep 30"']
tests:
  - {description: canned, vars: {name: Ada}, providerOutput: Hello}
  - vars: {name: [Bo, Cy, Di, Ed, Flo, Gus]}
`

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

/** Runs promptctl, and sends what Ctrl-C sends once it has been at work for a while. */
function interrupted(registry: TestRegistry, env: ProcessEnv, ...words: string[]): Promise<Ended> {
  const began = performance.now()
  const child = spawn(process.execPath, [BIN, ...words], { cwd: registry.dir, env, stdio: 'pipe' })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (text) => (output[name] += text))
  setTimeout(() => child.kill('SIGINT'), 1500)
  return new Promise((done) =>
    child.on('close', (status) => done({ status, ms: performance.now() - began, ...output })),
  )
}

it('Ctrl-C ends the calls, and what was answered is reported', async () => {
  const registry = createRegistry()
  const { slug } = registry.live('Greet')
  registry.repo.write(`evals/${slug}.yaml`, SET)
  const env = { ...registry.repo.env, PROMPTCTL_EVAL_ALLOW_EXEC: '1' }
  const { status, stdout, ms } = await interrupted(registry, env, 'eval', slug)
  expect(status).toBe(130)
  expect(stdout).toContain('1\tcanned\tpass\n')
  expect(stdout).toContain('was interrupted')
  expect(stdout).toContain('1 of 7 passed, 6 with errors')
  expect(ms).toBeLessThan(15_000)
})

it('Ctrl-C in a gate writes nothing', async () => {
  const registry = createRegistry({ config: 'name: test\nbranch: main\ngates: {development: {eval: required}}\n' })
  const { slug } = registry.seed('Greet', [{ state: 'draft' }])
  registry.repo.write(`evals/${slug}.yaml`, SET)
  const before = registry.head()
  const env = { ...registry.repo.env, PROMPTCTL_EVAL_ALLOW_EXEC: '1' }
  const { status, stderr } = await interrupted(registry, env, 'publish', slug)
  expect([status, registry.head()]).toEqual([130, before])
  expect(stderr).toContain('interrupted, and nothing was written')
})
