import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import type { ChangeRecord } from '../../src/registry/apply.js'
import { createRegistry, ENGINES, type Engine, type LogEntry, type TestRegistry } from '../helpers/registry.js'
import { budgetMs, isLong, report, timeoutMs } from './budget.js'
import { runBinary } from './inject/faulty.js'
import { errorOf, gitLocks, leftovers } from './state.js'

/** Many processes that write at once: what was acknowledged is there, once, and nothing else is. */

const SHORT_MS = 0
// In full these are 100 commands, some 20 s of two cores for each engine.
const WRITERS = isLong ? 4 : 3
const COMMITS = isLong ? 25 : 3

/** One command after the other; each must succeed, unless it may say that there is a conflict. Returns what they said. */
async function writeInTurn(
  registry: TestRegistry,
  slug: string,
  engine: Engine,
  mayConflict = false,
): Promise<readonly ChangeRecord[]> {
  const records: ChangeRecord[] = []
  for (let turn = 1; turn <= COMMITS; turn += 1) {
    const argv = [
      ['edit', slug, '--template-file', '-', '--publish'],
      ['promote', slug, '--to', 'staging', '--overwrite', '--again', '--restore'],
      ['rollback', slug, '--env', 'development'],
    ][(turn - 1) % 3] as readonly string[]
    const stdin = `Hello ${turn} {{name}}`
    const { exit, stdout, stderr } = await runBinary(registry, [...argv, '--json'], {
      stdin,
      env: { PROMPTCTL_GIT: engine },
    })
    // Beside commits without a pause the branch may have moved each time that it was tried: that is a conflict.
    if (mayConflict && exit === 4) continue
    expect(exit, `${argv.join(' ')}: ${stderr}`).toBe(0)
    records.push(JSON.parse(stdout) as ChangeRecord)
  }
  return records
}

/** A plain `git commit` of a file of its own, again and again; git itself does not wait for its locks. */
async function commitPlainly(registry: TestRegistry, name: string): Promise<readonly string[]> {
  const commits: string[] = []
  const options = { cwd: registry.dir, env: registry.repo.env }
  for (let turn = 1; turn <= COMMITS; turn += 1) {
    registry.repo.write(name, `${turn}\n`)
    for (;;) {
      const script = `git add ${name} && git commit -q -m '${name} ${turn}' -- ${name}`
      const done = await promisify(execFile)('sh', ['-c', script], options).then(
        () => true,
        (error: { stderr: string }) => {
          expect(error.stderr).toMatch(/\.lock|cannot lock ref/)
          return false
        },
      )
      if (done) break
    }
    commits.push(`${name} ${turn}`)
  }
  return commits
}

async function expectKept(registry: TestRegistry, records: readonly ChangeRecord[], plain: readonly string[] = []) {
  const { repo } = registry
  const chain = repo.git('log', '--first-parent', '--format=%H %s').split('\n')
  const ids = chain.map((line) => line.slice(0, 40))
  for (const { commit } of records) expect(ids.filter((id) => id === commit)).toHaveLength(1)
  for (const subject of plain) expect(chain.filter((line) => line.slice(41) === subject)).toHaveLength(1)
  for (const slug of new Set(records.map((record) => record.slug))) {
    const log = await registry.json<LogEntry[]>('log', slug)
    expect(log.map(({ version }) => version)).toEqual(log.map((_, index) => log.length - index))
    for (const { commit, version } of records.filter((record) => record.slug === slug && record.changed)) {
      expect(log.find((entry) => entry.commit === commit)?.version).toBe(version)
    }
  }
  expect(repo.git('status', '--porcelain')).toBe('')
  expect([...leftovers(registry), ...gitLocks(registry)]).toEqual([])
  repo.check()
}

const kept = { writers: 0, commits: 0 }
afterAll(() => report('writers', kept))

/** Once in the short form; in the long one until the time is over. */
async function again(action: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + budgetMs('writers', SHORT_MS) / 6
  do await action()
  while (Date.now() < deadline)
}

describe.each(ENGINES)('writers, %s', (engine) => {
  it(
    'all succeed on prompts of their own [case 28]',
    () =>
      again(async () => {
        const registry = createRegistry({ engine })
        const slugs = Array.from(
          { length: WRITERS },
          (_, index) => registry.live(`Greet ${index}`, 'Hello {{name}}').slug,
        )
        const before = Number(registry.repo.git('rev-list', '--count', 'HEAD'))
        const records = (await Promise.all(slugs.map((slug) => writeInTurn(registry, slug, engine)))).flat()
        await expectKept(registry, records)
        expect(Number(registry.repo.git('rev-list', '--count', 'HEAD'))).toBe(before + WRITERS * COMMITS)
        kept.writers += WRITERS
        kept.commits += records.length
      }),
    timeoutMs('writers', SHORT_MS),
  )

  it(
    'of one prompt: of eight that expect the same version one succeeds [case 29]',
    async () => {
      const registry = createRegistry({ engine })
      const { slug } = registry.live('Greet', 'Hello {{name}}')
      const runs = Array.from({ length: 8 }, (_, index) => {
        const argv = ['edit', slug, '--template-file', '-', '--publish', '--expect', '2', '--json']
        return runBinary(registry, argv, { stdin: `Hello ${index} {{name}}` })
      })
      const ended = await Promise.all(runs)
      const lost = ended.filter(({ exit }) => exit !== 0)
      expect(lost.map((one) => errorOf(one, 'a loser').code)).toEqual(Array(7).fill('conflict'))
      expect((await registry.log(slug)).map(({ version }) => version)).toEqual([3, 2, 1])
      const winner = ended.findIndex(({ exit }) => exit === 0)
      expect(await registry.served(slug)).toContain(`Hello ${winner} Bo`)
      expect(registry.repo.git('status', '--porcelain')).toBe('')
      registry.repo.check()
    },
    timeoutMs('writers', SHORT_MS),
  )

  it(
    'of one prompt, each with a text of its own, all succeed one after the other',
    () =>
      again(async () => {
        const registry = createRegistry({ engine })
        const { slug } = registry.live('Greet', 'Hello {{name}}')
        const writers = Array.from({ length: WRITERS }, (_, index) => index)
        const ended = await Promise.all(
          writers.map((index) => {
            const argv = ['edit', slug, '--template-file', '-', '--publish', '--json']
            return runBinary(registry, argv, { stdin: `Hello ${index} {{name}}` })
          }),
        )
        expect(ended.map(({ exit, stderr }) => `${exit} ${stderr}`)).toEqual(Array(WRITERS).fill('0 '))
        await expectKept(
          registry,
          ended.map(({ stdout }) => JSON.parse(stdout) as ChangeRecord),
        )
        kept.writers += WRITERS
        kept.commits += WRITERS
      }),
    timeoutMs('writers', SHORT_MS),
  )

  it(
    'beside plain git commits lose none of theirs, and none of ours',
    () =>
      again(async () => {
        const registry = createRegistry({ engine })
        const slugs = [registry.live('Greet', 'Hello {{name}}').slug, registry.live('Part', 'Hello {{name}}').slug]
        const [plain, ...ours] = await Promise.all([
          commitPlainly(registry, 'notes.txt'),
          ...slugs.map((slug) => writeInTurn(registry, slug, engine, true)),
        ])
        await expectKept(registry, ours.flat(), plain)
        kept.writers += 1 + slugs.length
        kept.commits += plain.length + ours.flat().length
      }),
    timeoutMs('writers', SHORT_MS),
  )
})
