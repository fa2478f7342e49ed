import { isPromptctlError, type PromptctlError } from '../core/errors.js'
import { createFinding, type Finding } from '../core/lint/rules.js'
import { formatPromptPath } from '../core/paths.js'
import { checkPortable } from '../core/portable.js'
import type { Position } from '../core/prompt-file.js'
import type { PromptDocument } from '../core/prompt-reader.js'
import type { Slug } from '../core/slug.js'
import type { LintSource } from './lint-source.js'
import { type PartialReader, prepare } from './prepare.js'

/** Checks what templates say: syntax, partials, and declarations against uses. Archived prompts are left alone. */
export async function checkTemplates(
  source: LintSource,
  documents: readonly PromptDocument[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const known = new Map(documents.map((document) => [document.source.file, document]))
  for (const document of documents) {
    if (document.prompt.state === 'archived') continue
    findings.push(...(await checkTemplate(document, partialsOf(source, known, document))))
  }
  return findings
}

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

async function checkTemplate(document: PromptDocument, partials: PartialReader): Promise<readonly Finding[]> {
  const { file } = document.source
  try {
    const prepared = await prepare(document, partials)
    const { undeclared, unused } = prepared.checkDeclarations()
    return [
      ...undeclared.map(({ name, ...place }) =>
        createFinding(
          'undeclared_variable',
          file,
          `${name} is used and not declared`,
          place.file === file ? place : undefined,
        ),
      ),
      ...unused.map(({ name, ...place }) =>
        createFinding('unused_variable', file, `${name} is declared and not used`, place),
      ),
      ...portability(document),
    ]
  } catch (error) {
    if (!isPromptctlError(error)) throw error
    return [templateFinding(file, error)]
  }
}

function templateFinding(file: string, error: PromptctlError): Finding {
  const { code, details } = error
  const rule = code === 'missing_partial' || code === 'partial_cycle' ? code : 'invalid_prompt'
  // The mistake may be in a partial; then the place is the file that was checked, and the message names the other.
  const place = details?.['file'] === file ? positionIn(details) : undefined
  return createFinding(rule, file, error.message, place)
}

function positionIn(details: Readonly<Record<string, unknown>>): Position | undefined {
  const { line, column } = details
  return typeof line === 'number' && typeof column === 'number' ? { line, column } : undefined
}

function portability({ prompt, source }: PromptDocument): readonly Finding[] {
  const [first] = checkPortable(prompt)
  if (first === undefined) return []
  const message = `${first.tag} is more than {{name}}: applications that compile with Langfuse's SDKs get something else`
  return [createFinding('portable', source.file, message, source.locateInScalar(first.path, first.offset))]
}
