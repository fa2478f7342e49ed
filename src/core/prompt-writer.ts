import { canonicalJson } from './digest.js'
import { PromptctlError } from './errors.js'
import { formatPromptPath } from './paths.js'
import type { Json, JsonObject, Problem, PromptFile } from './prompt-file.js'
import { parsePrompt } from './prompt-reader.js'
import { PROMPT_KEYS } from './prompt-wording.js'
import { valueAt } from './schema-problems.js'
import { applyEdits, type Changes, planEdits } from './yaml/edit.js'
import { formatEntry, formatLiteralEntry, isObject, type Prettiness } from './yaml/format.js'
import { readYaml, tryReadYaml, type YamlSource } from './yaml-source.js'

/** How a file may be written, tried in this order until it reads back the same. */
const PRETTINESSES: readonly Prettiness[] = ['pretty', 'quoted']

/**
 * The text with values of top-level keys set: only their bytes differ. A key that is missing is put where it belongs,
 * undefined takes one out, and in `variables` only the declarations that differ are written. What is written is read
 * back and compared; throws `invalid_prompt` when it cannot be written so.
 */
export function setValues(from: YamlSource | string, changes: Changes): string {
  const source = typeof from === 'string' ? readYaml(from, '') : from
  const changed = Object.entries(changes).filter(([key, value]) => !isSame(valueAt(source.value, [key]), value))
  if (changed.length === 0) return source.text
  const expected = new Map<string, Json | undefined>([...Object.entries(source.value), ...changed])
  return firstThatSays(fromEntries(expected), source.file, (prettiness) =>
    applyEdits(source.text, planAll(source, Object.fromEntries(changed), prettiness)),
  )
}

/** A new file: keys in the schema's order, the template as it reads best. Throws `invalid_prompt`. */
export function formatPrompt(prompt: PromptFile): string {
  const entries = PROMPT_KEYS.map((key): [string, Json | undefined] => [key, prompt[key] as Json | undefined])
  const expected = fromEntries(new Map(entries))
  const file = formatPromptPath(prompt.environment, prompt.slug)
  const text = firstThatSays(expected, file, (prettiness) => {
    const lines = Object.entries(expected).flatMap(([key, value]) =>
      key === 'template' && typeof value === 'string'
        ? formatLiteralEntry(key, value, prettiness)
        : formatEntry(key, value, 0, prettiness),
    )
    return `${lines.join('\n')}\n`
  })
  return parsePrompt(text, file).source.text
}

const isSame = (a: Json | undefined, b: Json | undefined): boolean =>
  a === undefined || b === undefined ? a === b : canonicalJson(a) === canonicalJson(b)

const fromEntries = (entries: ReadonlyMap<string, Json | undefined>): JsonObject =>
  Object.fromEntries([...entries].filter((entry): entry is [string, Json] => entry[1] !== undefined))

function planAll(source: YamlSource, changes: Changes, prettiness: Prettiness) {
  const before = source.value.variables
  const { variables: after, ...others } = changes
  const root = { order: PROMPT_KEYS, prettiness }
  if (!isObject(before) || !isObject(after) || isEmpty(before) || isEmpty(after)) {
    return planEdits(source, [], changes, root)
  }
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  const differing = [...names].filter((name) => !isSame(before[name], after[name]))
  const declarations = Object.fromEntries(differing.map((name) => [name, after[name]]))
  const order = Object.keys(after)
  return [
    ...planEdits(source, ['variables'], declarations, { order, prettiness }),
    ...planEdits(source, [], others, root),
  ]
}

const isEmpty = (object: JsonObject): boolean => Object.keys(object).length === 0

function firstThatSays(expected: JsonObject, file: string, write: (prettiness: Prettiness) => string): string {
  const wanted = canonicalJson(expected)
  let refused: readonly Problem[] = []
  for (const prettiness of PRETTINESSES) {
    const text = write(prettiness)
    const { source, problems } = tryReadYaml(text, file)
    if (source !== undefined && canonicalJson(source.value) === wanted) return text
    refused = problems
  }
  throw unwritable(file || 'The prompt', refused)
}

/** Mostly what is to be written is too large. Text that no YAML can hold is not known to exist. */
function unwritable(file: string, problems: readonly Problem[]): PromptctlError {
  const [first] = problems
  if (first === undefined) {
    return new PromptctlError('invalid_prompt', `${file} cannot be written so that it reads back the same`, {
      hint: 'Write it by hand in an editor: promptctl edit.',
    })
  }
  return new PromptctlError('invalid_prompt', `${file} cannot be written: ${first.message}`, {
    details: { problems: problems.map((problem) => ({ file, ...problem })) },
  })
}
