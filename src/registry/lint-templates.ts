import type { VariablePlace } from '../core/compile.js'
import { isPromptctlError, type PromptctlError } from '../core/errors.js'
import { createFinding, type Finding, type Rule } from '../core/lint/rules.js'
import { findInclusion } from '../core/partials.js'
import { formatPromptPath } from '../core/paths.js'
import { checkPortable } from '../core/portable.js'
import type { TagPlace } from '../core/program.js'
import { type PromptDocument, promptSource } from '../core/prompt-reader.js'
import type { Slug } from '../core/slug.js'
import type { LintSource } from './lint-source.js'
import { type PartialReader, prepare } from './prepare.js'

/**
 * Checks what templates say: syntax, partials, and declarations against uses. Archived prompts are left alone. A mistake in a
 * partial is told once: there, where that is checked too, else at the tags that lead to it.
 */
export async function checkTemplates(
  source: LintSource,
  documents: readonly PromptDocument[],
): Promise<readonly Finding[]> {
  const known = new Map(documents.map((document) => [document.source.file, document]))
  const checked: [PromptDocument, readonly TemplateFault[]][] = []
  for (const document of documents) {
    if (document.prompt.state === 'archived') continue
    checked.push([document, await checkTemplate(document, partialsOf(source, known, document))])
  }
  const told = new Set(checked.flatMap(([, faults]) => faults.filter(({ isOwn }) => isOwn).map(keyOf)))
  return checked.flatMap(([document, faults]) =>
    faults
      .filter((fault) => fault.isOwn || !told.has(keyOf(fault)))
      .map((fault) => findingOf(document, fault, known))
      .concat(faults.some(({ isFatal }) => isFatal) ? [] : portability(document)),
  )
}

/** Something wrong with what a prompt and its partials say together. */
interface TemplateFault {
  readonly rule: Rule
  readonly message: string
  /** Undefined for what has no one place. */
  readonly place: TagPlace | undefined
  /** Of the prompt that was checked, and not of a partial that it includes. */
  readonly isOwn: boolean
  /** Nothing more can be said of the prompt. */
  readonly isFatal: boolean
}

/** The same for all who include the partial that the fault is in. */
const keyOf = ({ rule, message, place }: TemplateFault): string => JSON.stringify([rule, message, place])

/** Partials of the same environment, from the same source; each file is parsed once. */
function partialsOf(source: LintSource, known: Map<string, PromptDocument>, { prompt }: PromptDocument): PartialReader {
  return async (slug: Slug) => {
    const path = formatPromptPath(prompt.environment, slug)
    const found = known.get(path)
    if (found !== undefined) return found
    const [file] = await source.read([path])
    if (file?.kind !== 'file') return undefined
    const { document } = file.content()
    if (document === undefined) return undefined
    known.set(path, document)
    return document
  }
}

async function checkTemplate(document: PromptDocument, partials: PartialReader): Promise<readonly TemplateFault[]> {
  const { file } = document.source
  const faultAt =
    (rule: Rule, what: string) =>
    ({ name, ...place }: VariablePlace): TemplateFault => ({
      rule,
      message: `${name} is ${what}`,
      place,
      isOwn: place.file === file,
      isFatal: false,
    })
  try {
    const { undeclared, unused } = (await prepare(document, partials)).checkDeclarations()
    return [
      ...undeclared.map(faultAt('undeclared_variable', 'used and not declared')),
      ...unused.map(faultAt('unused_variable', 'declared and not used')),
    ]
  } catch (error) {
    if (!isPromptctlError(error)) throw error
    return [fatalFault(document, error)]
  }
}

function fatalFault({ prompt, source }: PromptDocument, { code, message, details }: PromptctlError): TemplateFault {
  const rule = code === 'missing_partial' || code === 'partial_cycle' ? code : 'invalid_prompt'
  const place = placeIn(details)
  // A circle is of everybody in it, whosever tag closes it.
  const chain: unknown = details?.['chain']
  const isOwn = place === undefined || place.file === source.file
  return {
    rule,
    message,
    place,
    isOwn: isOwn || (Array.isArray(chain) && chain.includes(prompt.slug)),
    isFatal: true,
  }
}

/** A finding is in the file that was checked; where the fault is in a partial, at the tag that leads there. */
function findingOf(
  document: PromptDocument,
  { rule, message, place }: TemplateFault,
  known: ReadonlyMap<string, PromptDocument>,
): Finding {
  const { file } = document.source
  if (place === undefined || place.file === file) return createFinding(rule, file, message, place)
  const partial = (slug: Slug) => {
    const found = known.get(formatPromptPath(document.prompt.environment, slug))
    return found && promptSource(found)
  }
  const there = `${place.file}:${place.line}:${place.column}`
  return createFinding(rule, file, `${message} (${there})`, findInclusion(promptSource(document), partial, place.file))
}

function placeIn(details: PromptctlError['details']): TagPlace | undefined {
  const { file, line, column } = details ?? {}
  const isPlace = typeof file === 'string' && typeof line === 'number' && typeof column === 'number'
  return isPlace ? { file, line, column } : undefined
}

function portability({ prompt, source }: PromptDocument): readonly Finding[] {
  const [first] = checkPortable(prompt)
  if (first === undefined) return []
  const message =
    first.tag === undefined
      ? "This content is a list of parts, which Langfuse's SDKs do not compile"
      : `${first.tag} is more than {{name}}: applications that compile with Langfuse's SDKs get something else`
  return [createFinding('portable', source.file, message, source.locateInScalar(first.path, first.offset))]
}
