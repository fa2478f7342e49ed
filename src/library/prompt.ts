import type { CompileOptions, PreparedPrompt, Values } from '../core/compile.js'
import type { DeliveredPrompt } from '../core/delivered.js'
import { prepareDelivered, promptOf } from '../core/delivered-source.js'
import { freezeJson } from '../core/json.js'
import type { Message, PromptFile } from '../core/prompt-file.js'
import type { Variable } from '../core/variables.js'

/** A prompt that is ready to compile, as often as you like. All who get it share it, so it is frozen; what `compile` gives is yours. */
export interface Prompt<Needed = Values> {
  readonly id: string
  readonly slug: string
  readonly title: string
  readonly environment: string
  /** Null for a file of the work tree, and in a shallow clone. */
  readonly version: number | null
  readonly commit: string | null
  /** `sha256:<hex>` of the content alone. */
  readonly digest: string
  /** The same over all that it includes: equal ones behave the same. */
  readonly resolvedDigest: string
  /** What it needs, its partials included. */
  readonly variables: readonly Variable[]
  /** The file's values: model, tools, config and so on. */
  readonly file: PromptFile
  /**
   * The text, or the messages of a chat prompt. Throws PromptctlError `missing_variable` or `invalid_variable`, with every
   * name in `details.variables`; with `strict` also `unknown_variable`, `undeclared_variable` and `unused_variable`.
   */
  compile(...rest: Given<Needed, CompileOptions>): string | Message[]
}

/** Values may be left out where nothing is needed. */
export type Given<Needed, Options> =
  Record<never, never> extends Needed ? [values?: Needed, options?: Options] : [values: Needed, options?: Options]

/** A prompt out of its record, which is frozen. What it takes to compile is made when it is first needed. */
export function createPrompt(delivered: DeliveredPrompt): Prompt {
  const { id, slug, title, environment, version, commit, digest, resolved_digest, variables } = freezeJson(delivered)
  let prepared: PreparedPrompt | undefined
  let file: PromptFile | undefined
  return Object.freeze({
    id,
    slug,
    title,
    environment,
    version,
    commit,
    digest,
    resolvedDigest: resolved_digest,
    variables,
    get file() {
      file ??= freezeJson(promptOf(delivered))
      return file
    },
    compile: (values: Values = {}, options?: CompileOptions) => {
      prepared ??= prepareDelivered(delivered)
      return prepared.compile(values, options)
    },
  })
}
