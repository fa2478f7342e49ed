import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRegistry, ENGINES, type Engine, type TestRegistry, tempDir } from '../helpers/registry.js'
import { budgetMs, createRandom, isLong, report, SEED, timeoutMs } from './budget.js'
import { type Ended, runBinary } from './inject/faulty.js'
import { errorOf, leftovers } from './state.js'

/** Our own file operations fail, one at a time: what is there afterwards is what was before, or what was asked for. */

const SHORT_MS = 4_000
const CODES = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE'] as const
const COMMANDS = ['edit', 'promote', 'archive', 'rollback', 'new'] as const
type Command = (typeof COMMANDS)[number]
/** Points of the short form after which it is over, also where faults are never met. */
const MOST = 40

/** What is there before each command: each has something to change. */
const HISTORY = [
  { state: 'draft', template: 'Hello {{name}}' },
  { template: 'Hello {{name}}' },
  { environment: 'staging', template: 'Hello {{name}}' },
  { template: 'Hi {{name}}' },
  { environment: 'staging', template: 'Hi {{name}}' },
  { template: 'Dear {{name}}' },
] as const

const argvOf = (command: Command, slug: string): readonly string[] => [
  ...{
    edit: ['edit', slug, '--template-file', '-', '--publish'],
    promote: ['promote', slug, '--to', 'staging'],
    archive: ['archive', slug, '--env', 'staging'],
    rollback: ['rollback', slug, '--env', 'staging'],
    new: ['new', 'Prompt', '--template-file', '-'],
  }[command],
  '--json',
]
const STDIN = 'Hey {{name}}'

/** A repository that is prepared once; each point fails in a copy of it. */
class FailingDisk {
  /** Faults that were met, by command and by code. */
  readonly met = new Map<string, number>([...COMMANDS, ...CODES].map((name) => [name, 0]))
  /** Commands that failed of it. */
  refused = 0
  readonly #prepared: TestRegistry
  readonly #engine: Engine
  readonly #slug: string

  constructor(engine: Engine) {
    this.#engine = engine
    this.#prepared = createRegistry({ engine })
    this.#slug = this.#prepared.seed('Greet', HISTORY).slug
  }

  /** False when the command had ended before its nth operation. */
  fail(command: Command, nth: number, code: string): Promise<boolean> {
    return this.#inCopy(async (registry) => {
      const argv = argvOf(command, this.#slug)
      const before = registry.head()
      const ended = await runBinary(registry, argv, { stdin: STDIN, fault: `fail:any:${nth}:${code}` })
      const about = `${argv.join(' ')}, ${code} at ${nth}, ${ended.hit}`
      const isHit = this.#note(ended, [command, code], about)
      const isMade = checkOutcome(registry, ended, before, about)
      const next = isMade ? ['publish', this.#slug] : argv
      if (!isMade || ended.exit !== 0 || leftovers(registry).length > 0) await goOn(registry, next, about)
      return isHit
    })
  }

  /** True when each command and each code has met a fault, and something failed of it. */
  get isCovered(): boolean {
    return this.refused > 0 && [...this.met.values()].every((count) => count > 0)
  }

  #note({ exit, hit, stderr }: Ended, names: readonly string[], about: string): boolean {
    if (hit === undefined) expect(exit, `${about}: ${stderr}`).toBe(0)
    else for (const name of names) this.met.set(name, (this.met.get(name) ?? 0) + 1)
    if (exit !== 0) this.refused += 1
    return hit !== undefined
  }

  async #inCopy<T>(action: (registry: TestRegistry) => Promise<T>): Promise<T> {
    const dir = join(tempDir(), 'repo')
    cpSync(this.#prepared.dir, dir, { recursive: true })
    try {
      return await action(createRegistry({ engine: this.#engine, existing: dir }))
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }
}

/** True when the commit was made. */
function checkOutcome(registry: TestRegistry, ended: Ended, before: string, about: string): boolean {
  const { repo } = registry
  const isMade = registry.head() !== before
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

/** The next command works, and what a failed one could not tidy up is gone with it. */
async function goOn(registry: TestRegistry, argv: readonly string[], about: string): Promise<void> {
  const { exit, stderr } = await runBinary(registry, argv, { stdin: STDIN })
  expect(exit, `again after ${about}: ${stderr}`).toBe(0)
  expect(registry.repo.git('status', '--porcelain'), `again after ${about}`).toBe('')
  expect(leftovers(registry), `again after ${about}`).toEqual([])
  registry.repo.check()
}

/** Some points, commands and codes in turn: until the time is over, and each has been met. */
async function failSome(disk: FailingDisk, ms: number): Promise<void> {
  const random = createRandom(SEED)
  const deadline = Date.now() + ms
  for (let point = 0; point < MOST && !(disk.isCovered && Date.now() > deadline); point += 1) {
    const command = COMMANDS[point % COMMANDS.length] ?? 'edit'
    // So many operations every command has: the first round meets each, and the next ones go farther.
    const reach = 60 * (1 + Math.floor(point / COMMANDS.length))
    await disk.fail(command, 1 + Math.floor(random() * reach), CODES[point % CODES.length] ?? 'EIO')
  }
}

/**
 * N = 1, 2, 3, … until every command succeeds, the next code at each N; then again with every code a place on, so that
 * after four rounds each operation has failed with each. One whole round is the least. Returns how many were whole.
 */
async function failAll(disk: FailingDisk, ms: number): Promise<number> {
  const deadline = Date.now() + ms
  const isOver = (round: number) => round > 0 && Date.now() > deadline
  for (const round of CODES.keys()) {
    let left: readonly Command[] = COMMANDS
    for (let nth = 1; left.length > 0; nth += 1) {
      const unfinished: Command[] = []
      for (const command of left) {
        if (isOver(round)) return round
        const code = CODES[(nth + round) % CODES.length] ?? 'EIO'
        if (await disk.fail(command, nth, code)) unfinished.push(command)
      }
      left = unfinished
    }
  }
  return CODES.length
}

describe('file operations that fail', () => {
  it.concurrent.each(ENGINES)(
    'leave the state before or after, and a command that works again: %s [case 34]',
    async (engine) => {
      const disk = new FailingDisk(engine)
      const ms = budgetMs('io', SHORT_MS)
      const rounds = isLong ? await failAll(disk, ms) : void (await failSome(disk, ms))
      report('io', { engine, met: Object.fromEntries(disk.met), refused: disk.refused, rounds })
      for (const [name, count] of disk.met) expect(count, `faults met: ${name}`).toBeGreaterThan(0)
      expect(disk.refused).toBeGreaterThan(0)
    },
    timeoutMs('io', SHORT_MS),
  )
})
