import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PromptctlError } from '../core/errors.js'

/** Files at once: a disk syncs several in hardly more time than one. */
const AT_ONCE = 16
const TEMPORARY = '.tmp'

/**
 * Small files that survive a power cut: each is written beside, synced, renamed, and at last the folder is synced. What
 * the system says is thrown as `unavailable`.
 */
export class DurableFiles {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Resolves when all are safe. Contents by name. */
  async write(files: ReadonlyMap<string, string>): Promise<void> {
    await this.#onDisk(async () => {
      mkdirSync(this.#dir, { recursive: true })
      const entries = [...files]
      for (let at = 0; at < entries.length; at += AT_ONCE) {
        await Promise.all(entries.slice(at, at + AT_ONCE).map(([name, text]) => this.#writeOne(name, text)))
      }
      await sync(this.#dir)
    })
  }

  async #writeOne(name: string, text: string): Promise<void> {
    const target = join(this.#dir, name)
    const beside = `${target}.${randomUUID()}${TEMPORARY}`
    try {
      const file = await open(beside, 'wx')
      try {
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(beside, target)
    } catch (error) {
      await rm(beside, { force: true })
      throw error
    }
  }

  /** The names of finished files; none when there is no folder. */
  names(): readonly string[] {
    const names = this.#onDiskSync(() => orUndefined(() => readdirSync(this.#dir))) ?? []
    return names.filter((name) => !name.endsWith(TEMPORARY))
  }

  /** Undefined when there is no such file. */
  read(name: string): string | undefined {
    return this.#onDiskSync(() => orUndefined(() => readFileSync(join(this.#dir, name), 'utf8')))
  }

  remove(name: string): void {
    this.#onDiskSync(() => rmSync(join(this.#dir, name), { force: true }))
  }

  /** Puts a file that makes no sense into the folder beside, `<dir>.damaged`, where a person can look at it. */
  moveAside(name: string): void {
    this.#onDiskSync(() => {
      mkdirSync(this.#damagedDir, { recursive: true })
      orUndefined(() => renameSync(join(this.#dir, name), join(this.#damagedDir, name)))
    })
  }

  /** The paths of what was put aside. */
  damaged(): readonly string[] {
    const names = this.#onDiskSync(() => orUndefined(() => readdirSync(this.#damagedDir))) ?? []
    return names.map((name) => join(this.#damagedDir, name))
  }

  get #damagedDir(): string {
    return `${this.#dir}.damaged`
  }

  #onDiskSync<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      throw this.#explain(error)
    }
  }

  async #onDisk(action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      throw this.#explain(error)
    }
  }

  #explain(error: unknown): unknown {
    if (!(error instanceof Error && 'syscall' in error)) return error
    return new PromptctlError('unavailable', `${this.#dir}: ${error.message}`, {
      details: { path: this.#dir },
      cause: error,
    })
  }
}

/** The names of the folders in a folder. */
export const listFolders = (dir: string): readonly string[] =>
  readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)

async function sync(dir: string): Promise<void> {
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Another process may take away a file, or a folder, that was just seen. */
function orUndefined<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
