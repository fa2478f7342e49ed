import { diffHunks, type Hunk } from '../core/diff.js'
import { isPromptctlError } from '../core/errors.js'
import { exampleValues } from '../core/examples.js'
import type { Message } from '../core/prompt-file.js'
import type { PromptDocument } from '../core/prompt-reader.js'
import { setValues } from '../core/prompt-writer.js'
import type { Slug } from '../core/slug.js'
import { type PartialReader, prepare } from './prepare.js'

/** One side of a comparison; without a document there is nothing there. */
export interface Side {
  readonly label: string
  readonly document: PromptDocument | undefined
  readonly partials: PartialReader
}

export interface PromptDiff {
  readonly slug: Slug
  readonly title: string
  readonly before: string
  readonly after: string
  readonly changed: boolean
  /** Of the files, without the lines that every publish writes. */
  readonly hunks: readonly Hunk[]
  /** Of the compiled texts with the examples; null where a variable has no example, or compiling fails. */
  readonly compiled: readonly Hunk[] | null
  /** The prompts of the same environment that include this one, directly or not, in byte order; where they were asked for. */
  readonly included_by?: readonly Slug[]
}

/** What changed from one side to the other, in the file and in what comes out of it. */
export async function compareSides(slug: Slug, before: Side, after: Side): Promise<PromptDiff> {
  const hunks = diffHunks(comparableText(before.document), comparableText(after.document))
  const [was, is] = await Promise.all([compiledText(before), compiledText(after)])
  return {
    slug,
    title: (after.document ?? before.document)?.prompt.title ?? slug,
    before: before.label,
    after: after.label,
    changed: hunks.length > 0,
    hunks,
    compiled: was === undefined || is === undefined ? null : diffHunks(was, is),
  }
}

/** The file without environment, moment and seal: they differ wherever anything does. */
const comparableText = (document: PromptDocument | undefined): string =>
  document === undefined
    ? ''
    : setValues(document.source, {
        environment: undefined,
        published_at: undefined,
        published_by: undefined,
        digest: undefined,
      })

async function compiledText({ document, partials }: Side): Promise<string | undefined> {
  if (document === undefined) return ''
  try {
    const prepared = await prepare(document, partials)
    const { values, without } = exampleValues(prepared)
    return without.length > 0 ? undefined : textOf(prepared.compile(values))
  } catch (error) {
    if (isPromptctlError(error)) return undefined
    throw error
  }
}

const textOf = (compiled: string | readonly Message[]): string =>
  typeof compiled === 'string' ? compiled : `${JSON.stringify(compiled, undefined, 2)}\n`
