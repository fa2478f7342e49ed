import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRegistry, ENGINES, type Engine, type TestRegistry, tempDir } from '../helpers/registry.js'
import { budgetMs, createRandom, isLong, report, SEED, timeoutMs } from './budget.js'
import { countOperations, runBinary } from './inject/faulty.js'
import { errorOf, gitLocks, leftovers } from './state.js'

/** A plain `git commit` comes between any two file operations of a write of ours, and neither is lost. */

const SHORT_MS = 2_000
/** Commits of each kind that must really come between. */
const LEAST = isLong ? 20 : 1

class Interleaving {
  readonly registry: TestRegistry
  readonly #slug: string
  readonly #log = join(tempDir(), 'plain')
  #round = 0

  constructor(engine: Engine) {
    this.registry = createRegistry({ engine })
    this.#slug = this.registry.live('Greet', 'Hello {{name}}').slug
  }

  async count(): Promise<number> {
    return (await countOperations(this.registry, this.#argv, { stdin: 'Hi {{name}}' })).any ?? 0
  }

  /** `script` changes and commits something; `isThere` says whether HEAD still holds it. True when their commit came between. */
  async commitAt(nth: number, script: string, isThere: (round: number) => boolean): Promise<boolean> {
    this.#round += 1
    writeFileSync(this.#log, '')
    const plain = `${script.replaceAll('$n', String(this.#round))} && git rev-parse HEAD >> ${this.#log}`
    const stdin = `Hello ${this.#round} {{name}}`
    const options = { stdin, fault: `run:any:${nth}`, env: { FAULT_RUN: plain } }
    const ended = await runBinary(this.registry, this.#argv, options)
    const about = `${script} at ${ended.hit}: ${ended.stdout}${ended.stderr}`
    const theirs = readFileSync(this.#log, 'utf8').trim()
    if (theirs !== '') {
      expect(this.#chain(), about).toContain(theirs)
      expect(isThere(this.#round), about).toBe(true)
    }
    if (ended.exit === 0)
      expect(this.#chain(), about).toContain((JSON.parse(ended.stdout) as { commit: string }).commit)
    else expect(errorOf(ended, about).code, about).toBe('conflict')
    // While we hold git's locks the plain commit fails, and leaves what it was about to commit.
    if (theirs === '') this.registry.repo.git('stash', '-q', '--include-untracked')
    expect(this.registry.repo.git('status', '--porcelain'), about).toBe('')
    expect([...leftovers(this.registry), ...gitLocks(this.registry)], about).toEqual([])
    return theirs !== ''
  }

  get file(): string {
    return this.registry.file(this.#slug)
  }

  get #argv(): readonly string[] {
    return ['edit', this.#slug, '--template-file', '-', '--publish', '--json']
  }

  #chain = (): readonly string[] => this.registry.repo.git('rev-list', '--first-parent', 'HEAD').split('\n')
}

describe.each(ENGINES)('a plain commit in the middle of a write, %s', (engine) => {
  it(
    'of another file, or of the same one, is kept',
    async () => {
      const one = new Interleaving(engine)
      const total = await one.count()
      const random = createRandom(SEED)
      const { repo } = one.registry
      const other = "echo $n > notes.txt && git add notes.txt && git commit -qm 'plain $n' -- notes.txt"
      const same = `sed -i 's/^title: .*/title: Title $n/' ${one.file} && git commit -qm 'plain $n' -- ${one.file}`
      const between = { other: 0, same: 0 }
      const isOver = () => between.other >= LEAST && between.same >= LEAST && Date.now() > deadline
      const deadline = Date.now() + budgetMs('interleave', SHORT_MS) / 2
      for (let points = 0; points < (isLong ? 5000 : 20) && !isOver(); points += 1) {
        const nth = 1 + Math.floor(random() * total)
        if (await one.commitAt(nth, other, (round) => repo.git('show', 'HEAD:notes.txt') === String(round))) {
          between.other += 1
        }
        const hasTitle = (round: number) => repo.git('show', `HEAD:${one.file}`).includes(`title: Title ${round}\n`)
        if (await one.commitAt(nth, same, hasTitle)) between.same += 1
      }
      repo.check()
      report('interleave', { engine, operations: total, commitsBetween: between })
      // While we hold git's locks a plain commit fails: not every attempt comes between.
      expect(between.other, 'commits of another file').toBeGreaterThanOrEqual(LEAST)
      expect(between.same, 'commits of the same file').toBeGreaterThanOrEqual(LEAST)
    },
    timeoutMs('interleave', SHORT_MS),
  )
})
