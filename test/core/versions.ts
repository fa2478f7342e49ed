import { digestOf } from '../../src/core/digest.js'
import type { Oid } from '../../src/core/history.js'
import { describeVersions, type LedgerRow, newestIn, type Verdict, type Version } from '../../src/core/ledger.js'
import type { Standing } from '../../src/core/lifecycle/change.js'
import type { State } from '../../src/core/prompt-file.js'
import { parsePrompt } from '../../src/core/prompt-reader.js'
import { formatPrompt } from '../../src/core/prompt-writer.js'
import type { Environment, Slug } from '../../src/core/slug.js'

export const SLUG = 'greet-3f8a2b1c' as Slug
export const environment = (name: string): Environment => name as Environment

/** A version in short: environment, state, and the content that it has; `blob` where the same content is other bytes. */
export type Sketch = readonly [
  environment: string,
  state: State | 'invalid' | 'deleted',
  content?: string,
  blob?: string,
]

/** A prompt file as it is sketched. */
export function documentOf([name, state, content = 'a']: Sketch) {
  const prompt = {
    id: '3f8a2b1c-4e9d-4c6b-9a51-0d2f6c1b7e88',
    slug: SLUG,
    title: 'Greet',
    environment: environment(name),
    state: state as State,
    template: content,
  }
  const seal = { published_at: '2026-01-31T02:00:00Z', published_by: 'A <a@x>', digest: digestOf(prompt) }
  return parsePrompt(
    formatPrompt(state === 'published' ? { ...prompt, ...seal } : prompt),
    `prompts/${name}/${SLUG}.yaml`,
  )
}

/** The versions of one prompt, out of sketches; the same sketch is the same blob. */
export function versionsOf(sketches: readonly Sketch[]): Version[] {
  const rows = sketches.map(
    ([name, state, content = 'a', blob = ''], index): LedgerRow => ({
      slug: SLUG,
      environment: environment(name),
      version: index + 1,
      commit: `commit ${index + 1}` as Oid,
      position: index,
      blob: state === 'deleted' ? undefined : (`${name} ${state} ${content}${blob}` as Oid),
      link: false,
      author: { name: 'A', email: 'a@x' },
      committedAt: index,
      subject: '',
    }),
  )
  return describeVersions(rows, (row) => verdictOf(sketches[row.version - 1]))
}

function verdictOf(sketch: Sketch | undefined): Verdict {
  if (sketch === undefined || sketch[1] === 'invalid' || sketch[1] === 'deleted') return { valid: false }
  const { prompt, seal } = documentOf(sketch)
  const { slug, environment, state, title, tags = [] } = prompt
  return { valid: true, slug, environment, state, title, tags, digest: seal } as Verdict
}

/** Where the prompt stands in an environment after those versions. */
export function standingOf(sketches: readonly Sketch[], name: string): Standing {
  const versions = versionsOf(sketches)
  const newest = newestIn(versions, environment(name))
  const sketch = newest === undefined ? undefined : sketches[newest.version - 1]
  const isReadable = sketch !== undefined && sketch[1] !== 'invalid' && sketch[1] !== 'deleted'
  return {
    slug: SLUG,
    environment: environment(name),
    versions,
    head: isReadable ? documentOf(sketch) : undefined,
    headBlob: newest?.blob,
  }
}
