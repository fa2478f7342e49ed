import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { tryParseJson } from '../core/json.js'
import type { Oid, PushedRange } from '../registry/ports.js'
import { DurableFiles } from './durable-files.js'

/** Ranges that are being pushed, a file each: what is left of a push that was killed between remote and outbox. */
export class Pushes {
  readonly #files: DurableFiles

  constructor(stateDir: string) {
    this.#files = new DurableFiles(join(stateDir, 'pushes'))
  }

  remember(range: PushedRange): Promise<void> {
    return this.#files.write(new Map([[nameOf(range), JSON.stringify({ ...range, old: range.old ?? null })]]))
  }

  forget(range: PushedRange): void {
    this.#files.remove(nameOf(range))
  }

  /** What is no range is put aside. */
  list(): readonly PushedRange[] {
    return this.#files.names().flatMap((name) => {
      const range = parseRange(this.#files.read(name) ?? '')
      if (range !== undefined && nameOf(range) === name) return [range]
      this.#files.moveAside(name)
      return []
    })
  }
}

const nameOf = ({ ref, old, new: tip }: PushedRange): string =>
  `${createHash('sha256').update(`${ref} ${old} ${tip}`).digest('hex').slice(0, 32)}.json`

const isOid = (value: unknown): value is Oid => typeof value === 'string' && /^[0-9a-f]{40,64}$/.test(value)

function parseRange(text: string): PushedRange | undefined {
  const value = tryParseJson(text)
  if (typeof value !== 'object' || value === null) return undefined
  const { ref, old, new: tip } = value as Readonly<Record<string, unknown>>
  if (typeof ref !== 'string' || !isOid(tip) || !(old === null || isOid(old))) return undefined
  return { ref, old: old ?? undefined, new: tip }
}
