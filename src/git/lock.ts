import { randomBytes } from 'node:crypto'
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { PromptctlError } from '../core/errors.js'
import { diskError, makeFolder, tidySync } from './disk.js'
import { type Holder, linkNew, type Rival, readRival } from './lock-file.js'
import { currentProcess } from './process-identity.js'

/** Even where the holders change, waiting ends after so many times the timeout. */
const LONGEST_QUEUE = 4
/** A holder that has just given the lock back leaves nobody, too: so often in a row it is no coincidence. */
const MISSES = 10

export interface LockOptions {
  /** How long to wait for one live holder; 10 s by default. */
  readonly timeoutMs?: number
  /** Milliseconds since the epoch; what the lock says about when it was taken. */
  readonly now?: () => number
}

/**
 * Runs `action` while no other process does so with the same `dir`, which is made when it is missing. Waits for a live
 * holder, takes over from a process of this host that died, and throws `unavailable` naming who has it otherwise.
 */
export async function withLock<T>(dir: string, action: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const lock = await takeLock(dir, options)
  try {
    return await action()
  } finally {
    lock.release()
  }
}

async function takeLock(dir: string, { timeoutMs = 10_000, now = Date.now }: LockOptions): Promise<HeldLock> {
  const holder: Holder = {
    ...currentProcess(),
    nonce: randomBytes(12).toString('hex'),
    since: new Date(now()).toISOString(),
  }
  const candidate = new Candidate(dir, holder)
  const patience = new Patience(timeoutMs)
  try {
    for (let attempt = 0; ; attempt += 1) {
      const found = candidate.tryToTake()
      if (found === 'ours') return new HeldLock(dir, holder)
      if (patience.isOverWith(found)) {
        throw found === 'nobody' ? strayError(candidate.path) : lockedError(candidate.path, found, now())
      }
      await sleep(Math.min(20 * 1.5 ** attempt, 250) * (0.5 + Math.random()))
    }
  } finally {
    candidate.leave()
  }
}

/** Waiting for one holder has an end, and begins anew with the next: where many write in turn, nobody's turn is missed. */
class Patience {
  readonly #timeoutMs: number
  readonly #end: number
  #deadline: number
  #nonce: string | undefined
  #misses = 0

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
    // The clock that is given may stand still; waiting is measured with one that never does.
    this.#deadline = performance.now() + timeoutMs
    this.#end = performance.now() + LONGEST_QUEUE * timeoutMs
  }

  isOverWith(found: Rival | 'nobody'): boolean {
    this.#misses = found === 'nobody' ? this.#misses + 1 : 0
    if (found === 'nobody' && this.#misses < MISSES) return false
    const nonce = found === 'nobody' ? found : found.nonce
    if (this.#nonce !== undefined && nonce !== this.#nonce) this.#deadline = performance.now() + this.#timeoutMs
    this.#nonce = nonce
    return performance.now() >= Math.min(this.#deadline, this.#end)
  }
}

/**
 * One process that wants the lock. Its claim is a finished file, and taking is a hard link to it: the lock is never seen
 * half written. Of several processes that find a dead holder, the one that links `lock.<nonce>.heir` first succeeds it,
 * and it alone may rename its claim over the dead one's lock. An heir that dies is succeeded in the same way.
 */
class Candidate {
  readonly path: string
  readonly #dir: string
  readonly #claim: string

  constructor(dir: string, holder: Holder) {
    this.#dir = dir
    this.path = join(dir, 'lock')
    this.#claim = join(dir, `lock.${holder.nonce}`)
    try {
      onDiskSync(dir, () => {
        makeFolder(dir)
        writeFileSync(this.#claim, JSON.stringify(holder), { flag: 'wx' })
      })
    } catch (error) {
      this.leave()
      throw error
    }
  }

  /** Who has the lock: nobody when it was given back in between, or is a link that leads nowhere. */
  tryToTake(): Rival | 'ours' | 'nobody' {
    if (!linkNew(this.#claim, this.path)) {
      const rival = readRival(this.path)
      if (rival === undefined) return 'nobody'
      if (rival.fate !== 'dead' || !this.#succeed(rival, rival, [])) return rival
    }
    this.#sweep()
    return 'ours'
  }

  leave(): void {
    tidySync(() => rmSync(this.#claim, { force: true }))
  }

  /** Removes what processes that died left beside the lock. Only its holder may. */
  #sweep(): void {
    tidySync(() => {
      for (const name of readdirSync(this.#dir)) {
        const file = join(this.#dir, name)
        if (!name.startsWith('lock.') || file === this.#claim) continue
        if (readRival(file)?.fate === 'dead') rmSync(file, { force: true })
      }
    })
  }

  /** Succeeds `dead` (the holder of the lock, or an heir that died before it took over). False: another is at it. */
  #succeed(lockHolder: Holder, dead: Holder, chain: readonly string[]): boolean {
    const heir = join(this.#dir, `lock.${dead.nonce}.heir`)
    const heirs = [...chain, heir]
    if (linkNew(this.#claim, heir)) {
      // Whoever read the dead holder's name long ago may come here after its heir has finished and gone.
      const isStillTheirs = readRival(this.path)?.nonce === lockHolder.nonce
      if (isStillTheirs) {
        const replacement = `${this.#claim}.taken`
        linkNew(this.#claim, replacement)
        onDiskSync(this.path, () => renameSync(replacement, this.path))
      }
      for (const file of isStillTheirs ? heirs : [heir]) rmSync(file, { force: true })
      return isStillTheirs
    }
    const other = readRival(heir)
    return other?.fate === 'dead' && this.#succeed(lockHolder, other, heirs)
  }
}

class HeldLock {
  readonly #path: string
  readonly #nonce: string
  readonly #onExit = () => this.release()

  constructor(dir: string, holder: Holder) {
    this.#path = join(dir, 'lock')
    this.#nonce = holder.nonce
    process.once('exit', this.#onExit)
  }

  /** When the disk says no it is tried again at the end of the process, and then the lock is a dead one's. */
  release(): void {
    tidySync(() => {
      if (readRival(this.#path)?.nonce === this.#nonce) rmSync(this.#path, { force: true })
      process.removeListener('exit', this.#onExit)
    })
  }
}

function lockedError(path: string, { pid, host, since, fate }: Rival, now: number): PromptctlError {
  const isElsewhere = fate === 'elsewhere'
  const who = isElsewhere ? `process ${pid} on ${host}` : `process ${pid}`
  const age = Math.max(0, Math.round((now - Date.parse(since)) / 1000))
  return new PromptctlError('unavailable', `The registry is locked by ${who}, since ${since} (${age} s): ${path}`, {
    hint: isElsewhere
      ? 'When that process is gone, remove the file.'
      : 'Wait until that process has finished, and try again.',
    details: { path, pid, host, since },
  })
}

const strayError = (path: string): PromptctlError =>
  new PromptctlError('unavailable', `In place of the registry's lock is something that names no process: ${path}`, {
    hint: 'Look at it with ls -l, and remove it: promptctl makes no links there.',
    details: { path },
  })

function onDiskSync<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw diskError(error, path)
  }
}
