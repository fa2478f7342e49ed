import { createHash } from 'node:crypto'
import type { PackedPrompt } from '../../core/packed-prompt.js'
import type { Slug } from '../../core/slug.js'

/** What the digest of a prompt covers, as the bytes of its JSON: outside of the heap, and parsed when somebody wants it. */
export interface Content {
  /** Of the bytes: two files with the same digest may have their keys in another order. */
  readonly key: string
  readonly digest: string
  readonly isChat: boolean
  /** The partials that it names itself. */
  readonly includes: readonly Slug[]
  readonly bytes: Uint8Array
}

/** Equal contents once, over environments and reloads, for as long as a snapshot holds them. */
export class Contents {
  readonly #known = new Map<string, WeakRef<Content>>()

  find(key: string): Content | undefined {
    return this.#known.get(key)?.deref()
  }

  /** `content`, or the one that is there and equal. */
  share(content: Content): Content {
    const known = this.find(content.key)
    if (known === undefined) this.#known.set(content.key, new WeakRef(content))
    return known ?? content
  }

  /** Forgets the names of what nobody holds any more. */
  prune(): void {
    for (const [key, content] of this.#known) if (content.deref() === undefined) this.#known.delete(key)
  }
}

export function createContent({ content, digest, isChat, includes }: PackedPrompt): Content {
  const bytes = Buffer.from(content)
  const key = createHash('sha256').update(bytes).digest('base64url')
  // As pieces of the template's text they would keep all of it in memory.
  return { key, digest, isChat, includes: JSON.parse(JSON.stringify(includes)), bytes }
}
