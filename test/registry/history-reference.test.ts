import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestOf } from '../../src/core/digest.js'
import type { State } from '../../src/core/prompt-file.js'
import { isSealed, readPrompt } from '../../src/core/prompt-reader.js'
import { formatPrompt } from '../../src/core/prompt-writer.js'
import type { Environment, Slug } from '../../src/core/slug.js'
import type { LogEntry } from '../../src/registry/log.js'
import { promptctl } from '../helpers/cli.js'
import { createRegistry, ENGINES, type TestRegistry } from '../helpers/registry.js'

/** HISTORY_RUNS=500 looks further, at other histories each time. */
const RUNS = Number(process.env['HISTORY_RUNS'] ?? 12)

const ENVIRONMENTS = ['development', 'staging', 'production'] as const
/** Those that have files; no configuration ever named the last one. */
const FOLDERS = [...ENVIRONMENTS, 'qa'] as const
const SLUGS = ['one-3f8a2b1c', 'two-3f8a2b1d'] as const

/** One thing that a commit does to a file. */
type Write =
  | { readonly kind: 'prompt'; readonly state: State; readonly content: number }
  | { readonly kind: 'broken' | 'torn' | 'elsewhere' | 'deleted' | 'link' | 'mode' }
  /** The blob that the file had some versions ago: what a rollback restores. */
  | { readonly kind: 'restored'; readonly back: number }

interface Touch {
  readonly environment: number
  readonly slug: number
  readonly write: Write
}

/** A commit on the current branch, a move of a file to another environment, or a branch that is merged. */
type Step =
  | { readonly kind: 'commit'; readonly touches: readonly Touch[] }
  | { readonly kind: 'move'; readonly slug: number; readonly from: number; readonly to: number }
  | {
      readonly kind: 'merge'
      readonly side: readonly Touch[]
      readonly main: readonly Touch[]
      readonly resolve: Touch
    }

const writes: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('prompt' as const),
      state: fc.constantFrom<State>('draft', 'published', 'published', 'published', 'archived'),
      content: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('broken', 'torn', 'elsewhere', 'deleted', 'link', 'mode') }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restored' as const), back: fc.integer({ min: 1, max: 4 }) }) },
)
const touches: fc.Arbitrary<Touch> = fc.record({
  environment: fc.integer({ min: 0, max: FOLDERS.length - 1 }),
  slug: fc.integer({ min: 0, max: 1 }),
  write: writes,
})
const fewTouches = fc.array(touches, { minLength: 1, maxLength: 3 })
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('commit' as const), touches: fewTouches }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('move' as const),
      slug: fc.integer({ min: 0, max: 1 }),
      from: fc.integer({ min: 0, max: FOLDERS.length - 1 }),
      to: fc.integer({ min: 0, max: FOLDERS.length - 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('merge' as const), side: fewTouches, main: fewTouches, resolve: touches }),
  },
)

/** Makes the history with real git. */
class Writer {
  readonly registry: TestRegistry
  #count = 0

  constructor(registry: TestRegistry) {
    this.registry = registry
  }

  run(step: Step): void {
    const { repo } = this.registry
    if (step.kind === 'commit') this.#commit(step.touches)
    else if (step.kind === 'move') this.#move(step.slug, step.from, step.to)
    else {
      const start = this.registry.head()
      this.#commit(step.side)
      const side = this.registry.head()
      repo.git('reset', '-q', '--hard', start)
      this.#commit(step.main)
      const { status } = repo.run(['merge', '-q', '--no-ff', '-m', 'merge', side])
      if (status === 0) return
      for (const path of repo.git('diff', '--name-only', '--diff-filter=U').split('\n'))
        repo.run(['checkout', '--ours', '--', path])
      this.#write(step.resolve)
      this.registry.commit('merge, resolved', '--allow-empty')
    }
  }

  #commit(list: readonly Touch[]): void {
    for (const touch of list) this.#write(touch)
    this.#count += 1
    if (this.#count % 3 === 0) this.registry.repo.write('other.txt', String(this.#count))
    this.registry.commit(`commit ${this.#count}`, '--allow-empty')
  }

  #move(slug: number, from: number, to: number): void {
    const [source, target] = [from, to].map((environment) => this.#path({ slug, environment }))
    if (source === undefined || target === undefined || source === target) return
    if (this.registry.repo.run(['cat-file', '-e', `HEAD:${source}`]).status !== 0) return
    this.#remove(target)
    this.registry.repo.write(target, this.registry.repo.git('cat-file', 'blob', `HEAD:${source}`))
    this.#remove(source)
    this.registry.commit('move', '--allow-empty')
  }

  #write(touch: Touch): void {
    const { repo } = this.registry
    const path = this.#path(touch)
    const { write } = touch
    if (write.kind === 'mode') {
      if (repo.run(['cat-file', '-e', `HEAD:${path}`]).status === 0) repo.run(['update-index', '--chmod=+x', path])
      return
    }
    const old = write.kind === 'restored' ? this.#restored(path, write.back) : undefined
    if (write.kind === 'restored' && old === undefined) return
    this.#remove(path)
    if (write.kind === 'deleted') return
    if (write.kind === 'link') {
      repo.write('prompts/keep', '')
      repo.write(path, '')
      this.#remove(path)
      symlinkSync('../keep', join(repo.dir, path))
    } else repo.write(path, old ?? this.#text(touch))
  }

  #restored(path: string, back: number): string | undefined {
    const commits = this.registry.repo
      .git('log', '--first-parent', '--diff-filter=AM', '--format=%H', '--', path)
      .split('\n')
    const commit = commits[Math.min(back, commits.length - 1)]
    const result = this.registry.repo.run(['cat-file', 'blob', `${commit}:${path}`])
    return result.status === 0 ? result.stdout : undefined
  }

  #text({ slug, environment, write }: Touch): string {
    if (write.kind === 'broken') return 'title: [unclosed\n'
    const template = `content ${write.kind === 'prompt' ? write.content : 9}`
    const prompt = {
      id: `${SLUGS[slug]?.slice(-8)}-4e9d-4c6b-9a51-0d2f6c1b7e88`,
      slug: SLUGS[slug] as string as Slug,
      title: 'Random',
      environment: FOLDERS[
        write.kind === 'elsewhere' ? (environment + 1) % FOLDERS.length : environment
      ] as string as Environment,
      state: write.kind === 'prompt' ? write.state : ('published' as const),
      template,
    }
    const seal = { published_at: '2026-01-31T02:00:00Z', published_by: 'A <a@x>', digest: digestOf(prompt) }
    const text = formatPrompt(prompt.state === 'published' ? { ...prompt, ...seal } : prompt)
    return write.kind === 'torn' ? text.replace(/digest: sha256:..../, 'digest: sha256:0000') : text
  }

  #remove(path: string): void {
    rmSync(join(this.registry.repo.dir, path), { force: true, recursive: true })
  }

  #path({ slug, environment }: Pick<Touch, 'slug' | 'environment'>): string {
    return this.registry.file(SLUGS[slug] ?? '', FOLDERS[environment])
  }
}

type Row = Pick<LogEntry, 'slug' | 'version' | 'commit' | 'blob' | 'environment' | 'state' | 'live'>

/** The same answer, slowly: `git rev-list --first-parent`, and `git ls-tree` at each commit. */
function readSlowly({ repo }: TestRegistry, tip: string): Row[] {
  const rows: Row[] = []
  let before = new Map<string, string>()
  for (const commit of repo.git('rev-list', '--first-parent', '--reverse', tip).split('\n')) {
    const lines = repo.git('ls-tree', '-r', commit, '--', 'prompts/').split('\n').filter(Boolean)
    const now = new Map(lines.map((line) => [line.slice(line.indexOf('\t') + 1), line.slice(0, line.indexOf('\t'))]))
    for (const path of [...new Set([...before.keys(), ...now.keys()])].sort()) {
      const entry = now.get(path)
      const [, environment = '', slug = ''] = /^prompts\/([^/]+)\/([^/]+)\.yaml$/.exec(path) ?? []
      if (slug === '' || entry === before.get(path)) continue
      const [mode, , blob = null] = entry?.split(' ') ?? []
      const version = rows.filter((row) => row.slug === slug).length + 1
      const state = stateOf(repo, mode, blob, { slug, environment })
      rows.push({ slug, version, commit, blob, environment, state, live: false } as Row)
    }
    before = now
  }
  return rows.map((row) => ({ ...row, live: row === liveOf(rows, row) }))
}

function stateOf(
  repo: TestRegistry['repo'],
  mode: string | undefined,
  blob: string | null,
  at: { slug: string; environment: string },
) {
  if (blob === null) return 'deleted'
  if (mode === '120000') return 'invalid'
  const { prompt, seal } = readPrompt(repo.run(['cat-file', 'blob', blob]).stdout, '').document ?? {}
  if (prompt === undefined || seal === undefined || !isSealed(prompt, seal)) return 'invalid'
  return prompt.slug === at.slug && prompt.environment === at.environment ? prompt.state : 'invalid'
}

const liveOf = (rows: readonly Row[], { slug, environment }: Row): Row | undefined => {
  const decisive = rows.findLast(
    (row) => row.slug === slug && row.environment === environment && !['draft', 'invalid'].includes(row.state),
  )
  return decisive?.state === 'published' ? decisive : undefined
}

const comparable = ({ slug, version, commit, blob, environment, state, live }: LogEntry): Row => ({
  slug,
  version,
  commit,
  blob,
  environment,
  state,
  live,
})

describe('versions, compared with git rev-list and git ls-tree at each commit', () => {
  it(
    'agree on random histories, in both engines, over all prompts and over one [case 11] [case 13]',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(steps, { minLength: 3, maxLength: 12 }), async (list) => {
          const registry = createRegistry()
          const writer = new Writer(registry)
          for (const [index, step] of list.entries()) {
            writer.run(step)
            // Answers in between leave caches of a shorter history behind.
            if (index === list.length >> 1) await registry.json('log')
          }
          const slowly = readSlowly(registry, 'HEAD')
          for (const engine of ENGINES) {
            const run = (...words: string[]) =>
              promptctl(registry.place({ env: { PROMPTCTL_GIT: engine } }), ...words, '--json')
            const expectRows = async (slug: string, what: string): Promise<readonly Row[]> => {
              const wanted = slowly.filter((row) => row.slug === slug).toReversed()
              const one = await run('log', slug)
              const rows = wanted.length === 0 ? [] : one.json<LogEntry[]>().map(comparable)
              expect(rows, `${engine} ${what}`).toEqual(wanted)
              return wanted
            }
            const all = (await run('log')).json<LogEntry[]>()
            expect(all.map(comparable), engine).toEqual(slowly.toReversed())
            for (const slug of SLUGS) await expectRows(slug, 'from the ledger')
            await run('cache', 'clear')
            for (const slug of SLUGS) {
              const wanted = await expectRows(slug, 'from the history of its paths')
              for (const environment of ENVIRONMENTS) {
                const live = wanted.find((row) => row.live && row.environment === environment)
                const compiled = await run('compile', slug, '--live', '--env', environment)
                if (live === undefined) expect(compiled.exit, `${engine} ${slug} ${environment}`).toBe(3)
                else expect(compiled.json()).toMatchObject({ version: live.version, commit: live.commit })
              }
            }
          }
        }),
        { numRuns: RUNS, ...(RUNS === 12 ? { seed: 20260131 } : {}), endOnFailure: true },
      )
    },
    60_000 + RUNS * 15_000,
  )
})
