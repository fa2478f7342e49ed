import { describe, expect, it } from 'vitest'
import { createRegistry, ENGINES, type Engine, type TestRegistry } from '../helpers/registry.js'
import { budgetMs, createRandom, report, SEED, timeoutMs } from './budget.js'
import { countOperations, type Ended, runBinary } from './inject/faulty.js'
import { errorOf, leftovers } from './state.js'

/** Our own file operations fail, one at a time: what is there afterwards is what was before, or what was asked for. */

const SHORT_MS = 4_000
const CODES = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE'] as const

/** Commands that each change what the one before left. */
const COMMANDS: readonly ((slug: string, text: string) => { argv: readonly string[]; stdin?: string })[] = [
  (slug, text) => ({
    argv: ['edit', slug, '--template-file', '-', '--publish', '--json'],
    stdin: `Hi ${text} {{name}}`,
  }),
  (slug) => ({ argv: ['promote', slug, '--to', 'staging', '--restore', '--overwrite', '--again', '--json'] }),
  (slug) => ({ argv: ['archive', slug, '--env', 'staging', '--json'] }),
  (slug) => ({ argv: ['rollback', slug, '--env', 'staging', '--restore', '--json'] }),
  (_, text) => ({ argv: ['new', `Prompt ${text}`, '--template-file', '-', '--json'], stdin: `Hi ${text} {{name}}` }),
]

class FailingDisk {
  failed = 0
  readonly registry: TestRegistry
  readonly #slug: string
  #round = 0

  constructor(engine: Engine) {
    this.registry = createRegistry({ engine })
    this.#slug = this.registry.live('Greet', 'Hello {{name}}', 'staging').slug
  }

  /** How many operations the longest of the commands does. */
  async count(): Promise<number> {
    const counts: number[] = []
    for (const _ of COMMANDS) {
      const { argv, stdin = '' } = this.#next()
      counts.push((await countOperations(this.registry, argv, { stdin })).any ?? 0)
    }
    return Math.max(...counts)
  }

  async fail(nth: number, code: string): Promise<void> {
    const before = this.registry.head()
    const { argv, stdin = '' } = this.#next()
    const ended = await runBinary(this.registry, argv, { stdin, fault: `fail:any:${nth}:${code}` })
    const about = `${argv.join(' ')}, ${code} at ${ended.hit}`
    if (ended.hit !== undefined) this.failed += 1
    const isMade = this.#checkOutcome(ended, before, about)
    const isUntidy = leftovers(this.registry).length > 0
    if (!isMade || ended.exit !== 0 || isUntidy) await this.#goOn(isMade ? ['publish', this.#slug] : argv, stdin, about)
  }

  /** The next command works, and what a failed one could not tidy up is gone with it. */
  async #goOn(argv: readonly string[], stdin: string, about: string): Promise<void> {
    const { exit, stderr } = await runBinary(this.registry, argv, { stdin })
    expect(exit, `again after ${about}: ${stderr}`).toBe(0)
    this.#expectSound(`again after ${about}`)
  }

  /** True when the commit was made. */
  #checkOutcome(ended: Ended, before: string, about: string): boolean {
    const { repo } = this.registry
    const isMade = this.registry.head() !== before
    if (isMade) expect(repo.git('rev-parse', 'HEAD^'), about).toBe(before)
    if (ended.exit === 0) expect(isMade, about).toBe(true)
    else {
      const { code, message } = errorOf(ended, about)
      expect(code, `${about}: ${message}`).toBe('unavailable')
      if (isMade) expect(message, about).toContain('was made')
    }
    // What could not be tidied up the next command removes.
    if (ended.exit === 0 || !isMade) expect(repo.git('status', '--porcelain'), about).toBe('')
    return isMade
  }

  #expectSound(about: string): void {
    expect(this.registry.repo.git('status', '--porcelain'), about).toBe('')
    expect(leftovers(this.registry), about).toEqual([])
    this.registry.repo.check()
  }

  #next() {
    const command = COMMANDS[this.#round % COMMANDS.length] ?? COMMANDS[0]
    this.#round += 1
    if (command === undefined) throw new Error('no command')
    return command(this.#slug, String(this.#round))
  }
}

describe('file operations that fail', () => {
  it.concurrent.each(ENGINES)(
    'leave the state before or after, and a command that works again: %s [case 34]',
    async (engine) => {
      const disk = new FailingDisk(engine)
      const total = await disk.count()
      const random = createRandom(SEED)
      const points = CODES.flatMap((code, turn) =>
        // Every operation once before any a second time.
        Array.from({ length: total }, (_, index) => ({ nth: index + 1, code, order: turn + random() })),
      ).sort((a, b) => a.order - b.order)
      const deadline = Date.now() + budgetMs('io', SHORT_MS)
      for (const { nth, code } of points) {
        if (Date.now() > deadline) break
        await disk.fail(nth, code)
      }
      report('io', { engine, operations: total, failed: disk.failed })
    },
    timeoutMs('io', SHORT_MS),
  )
})
