import { validatePrompt } from '../generated/validators.js'
import { digestOf } from './digest.js'
import type { Problem, PromptFile } from './prompt-file.js'
import type { PromptSource } from './prompt-templates.js'
import { PROMPT_WORDING } from './prompt-wording.js'
import { describeErrors, nameOf, sortProblems } from './schema-problems.js'
import { quoteName } from './slug.js'
import { type Path, tryReadYaml, YamlProblems, type YamlSource } from './yaml-source.js'

/** A prompt with the text that it was read from. `seal` is the digest of its content as it is now. */
export interface PromptDocument {
  readonly prompt: PromptFile
  readonly source: YamlSource
  readonly seal: string
}

/** A document, or what stands in its way; then there is still a `source` when the YAML is good. */
export interface ReadResult {
  readonly document?: PromptDocument
  readonly source?: YamlSource
  readonly problems: readonly Problem[]
}

/** Reads a prompt file. Never throws for what is in it. The template's own syntax is not looked at. */
export function readPrompt(content: Uint8Array | string, file: string): ReadResult {
  const { source, problems } = tryReadYaml(content, file)
  if (source === undefined) return { problems }
  const found = validatePrompt(source.value)
    ? checkMeaning(source)
    : describeErrors(validatePrompt.errors ?? [], source, PROMPT_WORDING)
  found.push(...checkKind(source), ...checkText(source))
  if (found.length > 0) return { source, problems: sortProblems(found) }
  return { document: createDocument(source), source, problems: [] }
}

/** Hashed when it is first asked for: loading node:crypto takes 5 ms, and compiling a file needs no seal. */
function createDocument(source: YamlSource): PromptDocument {
  const prompt = source.value as unknown as PromptFile
  let seal: string | undefined
  return {
    prompt,
    source,
    get seal() {
      seal ??= digestOf(prompt)
      return seal
    },
  }
}

/** As `readPrompt`, but throws `invalid_prompt` with all problems in `details.problems`. */
export function parsePrompt(content: Uint8Array | string, file: string): PromptDocument {
  const { document, problems } = readPrompt(content, file)
  if (document !== undefined) return document
  throw new YamlProblems('invalid_prompt', file, problems)
}

/** What the compiler asks of a file: its values, and where in it a tag stands. */
export const promptSource = ({ prompt, source }: PromptDocument): PromptSource => ({
  file: source.file,
  prompt,
  locate: (path, offset) => source.locateInScalar(path, offset),
})

/** False for a published prompt whose content is not what was published. Other states need no seal. */
export const isSealed = (prompt: PromptFile, seal: string): boolean =>
  prompt.state !== 'published' ||
  (prompt.digest === seal && prompt.published_at !== undefined && prompt.published_by !== undefined)

/** What a schema cannot say. */
function checkMeaning(source: YamlSource): Problem[] {
  const { id, slug, published_at } = source.value as unknown as PromptFile
  const problems: Problem[] = []
  if (!slug.endsWith(`-${id.slice(0, 8)}`)) {
    const message = `slug: expected the ending -${id.slice(0, 8)}, the first 8 digits of the id`
    problems.push({ ...source.positionOf(['slug']), message })
  }
  if (published_at !== undefined && !isDate(published_at)) {
    const message = `published_at: there is no such date as ${quoteName(published_at)}`
    problems.push({ ...source.positionOf(['published_at']), message })
  }
  return problems
}

// Date.parse takes 30 February for 2 March.
function isDate(text: string): boolean {
  const ms = Date.parse(text)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text.slice(0, 19))
}

function checkKind(source: YamlSource): Problem[] {
  const hasTemplate = Object.hasOwn(source.value, 'template')
  const hasMessages = Object.hasOwn(source.value, 'messages')
  if (hasTemplate !== hasMessages) return []
  if (!hasTemplate)
    return [{ ...source.positionOf([]), message: '"template" is missing, or "messages" for a chat prompt' }]
  return [{ ...source.keyPositionOf(['messages']), message: 'a prompt has either "template" or "messages", not both' }]
}

/** Unquoted `yes` or `12:30` is text to us and something else to others, so it is refused where text is wanted. */
const checkText = (source: YamlSource): Problem[] =>
  source.ambiguous
    .filter(({ path }) => isTextPath(path))
    .map(({ path, offset, text }) => ({
      ...source.positionAt(offset),
      message: `${nameOf(path)}: expected a string, found ${quoteName(text).slice(1, -1)}, which YAML 1.1 does not read as text: quote it`,
    }))

const ANY_JSON: ReadonlySet<unknown> = new Set(['model', 'tools', 'response_format', 'config'])
const ANY_JSON_OF_VARIABLE: ReadonlySet<unknown> = new Set(['enum', 'default', 'example'])
const TEXT_OF_MESSAGE: ReadonlySet<unknown> = new Set(['role', 'content', 'placeholder'])
const TEXT_OF_PART: ReadonlySet<unknown> = new Set(['type', 'text'])

/** True where the schema says string, and not any JSON. */
function isTextPath(path: Path): boolean {
  const [key, , inner] = path
  // A moment is a moment to every reader.
  if (ANY_JSON.has(key) || key === 'published_at') return false
  if (key === 'messages')
    return path.length === 3 ? TEXT_OF_MESSAGE.has(inner) : path.length === 5 && TEXT_OF_PART.has(path[4])
  return key === 'variables' ? isTextOfVariable(path.slice(2)) : true
}

function isTextOfVariable([keyword, ...rest]: Path): boolean {
  if (keyword === 'items') return isTextOfVariable(rest)
  if (keyword === 'properties') return isTextOfVariable(rest.slice(1))
  return keyword !== undefined && !ANY_JSON_OF_VARIABLE.has(keyword)
}
