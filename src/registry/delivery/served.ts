import { createHash } from 'node:crypto'
import type { PreparedPrompt } from '../../core/compile.js'
import { createDelivered, type DeliveredPrompt } from '../../core/delivered.js'
import { prepareLive } from '../../core/delivered-source.js'
import type { PromptFile } from '../../core/prompt-file.js'
import type { Environment, Slug } from '../../core/slug.js'
import type { Oid } from '../ports.js'
import { type Row, readHead, readRowPrompt } from './row.js'
import type { ServedPrompt } from './snapshot.js'

/** To be raised when the same prompt gives another record: then nobody's copy of it is good any more. */
const FORMAT = 1
/** In bytes, of what is made of a row: measured with prompts of 2 KB. */
const BASE_SIZE = 4096
const GROWTH = 4

/** Where a row is served. */
export interface Surroundings {
  readonly environment: Environment
  readonly provisional: ReadonlySet<Oid>
  /** What it includes, directly or not. */
  readonly partials: readonly Row[]
  /** Gives the same object for the same row, for all that include it. */
  readonly readPartial: (row: Row) => PromptFile
}

/** A row that somebody asked for. What is made of it is made once. */
export class Served implements ServedPrompt {
  readonly environment: Environment
  readonly slug: Slug
  /** Null in a shallow clone, as `commit` is. */
  readonly version: number | null
  readonly commit: Oid | null
  readonly isProvisional: boolean
  readonly #row: Row
  readonly #surroundings: Surroundings
  #revision: string | undefined
  #prepared: PreparedPrompt | undefined
  #knownParsed: ParsedRow | undefined

  constructor(row: Row, surroundings: Surroundings) {
    this.#row = row
    this.#surroundings = surroundings
    const { origin } = readHead(row)
    this.environment = surroundings.environment
    this.slug = row.slug
    this.version = origin?.version ?? null
    this.commit = origin?.commit ?? null
    this.isProvisional = this.commit !== null && surroundings.provisional.has(this.commit)
  }

  get revision(): string {
    this.#revision ??= this.#identify()
    return this.#revision
  }

  /** Made anew each time: what is sent of it is kept as text. */
  get delivered(): DeliveredPrompt {
    const { blob, origin } = readHead(this.#row)
    const { prompt, partials } = this.#parsed
    const live = {
      prompt,
      digest: this.#row.content.digest,
      blob,
      origin: origin === null ? undefined : { ...origin, provisional: this.isProvisional },
    }
    return createDelivered(live, partials, () => this.prepared.listVariables())
  }

  get prepared(): PreparedPrompt {
    this.#prepared ??= prepareLive(this.#parsed.prompt, this.#parsed.partials)
    return this.#prepared
  }

  /** In bytes: about what it comes to when all is made. */
  get size(): number {
    const rows = [this.#row, ...this.#surroundings.partials]
    return BASE_SIZE + GROWTH * rows.reduce((sum, { content }) => sum + content.bytes.length, 0)
  }

  /** Over what names everything that the record is made of. */
  #identify(): string {
    const { blob, origin } = readHead(this.#row)
    const keys = this.#surroundings.partials.map(({ slug, content }) => [slug, content.key])
    const parts = [FORMAT, blob, origin?.version, origin?.commit, this.isProvisional, keys]
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
  }

  /** Parsed once for both, and kept with them. */
  get #parsed(): ParsedRow {
    const { environment, partials, readPartial } = this.#surroundings
    this.#knownParsed ??= {
      prompt: readRowPrompt(this.#row, environment),
      partials: new Map(partials.map((row) => [row.slug, readPartial(row)])),
    }
    return this.#knownParsed
  }
}

interface ParsedRow {
  readonly prompt: PromptFile
  readonly partials: ReadonlyMap<Slug, PromptFile>
}
