/** The compiler: a prompt with its partials, prepared once and compiled many times. */

import { type ChatStep, createChatSteps } from './chat.js'
import { PromptctlError } from './errors.js'
import { type FindPartial, resolvePartials } from './partials.js'
import { Linker, type Program, type TagPlace, type TemplateSource } from './program.js'
import type { Message, PromptFile, VariableSchema } from './prompt-file.js'
import { type PromptSource, placeOf, templatesOf } from './prompt-templates.js'
import { Rendering, type RenderOptions } from './render.js'
import { getOwn } from './scope.js'
import type { Slug } from './slug.js'
import { collectUses, type Use } from './uses.js'
import { checkValue, isAnyText, isConstraining } from './value-schema.js'
import { listVariables, mergeDeclarations, placeholdersOf, type Variable } from './variables.js'

/** What a prompt's variables are given, by name. JSON, or plain objects of a program. */
export type Values = Readonly<Record<string, unknown>>

export interface CompileOptions {
  /** Also refuses unknown, undeclared and unused variables. */
  readonly strict?: boolean
  /** In UTF-16 code units; 1 MiB by default. */
  readonly outputLimit?: number
}

/** A variable with the place that speaks of it. */
export interface VariablePlace extends TagPlace {
  readonly name: string
}

export interface DeclarationFaults {
  /** Used and not declared, at the first use. */
  readonly undeclared: readonly VariablePlace[]
  /** Declared in the prompt itself and not used, at the declaration. */
  readonly unused: readonly VariablePlace[]
}

/**
 * Joins a prompt with its partials. Throws `invalid_prompt`, `missing_partial`, `partial_cycle` and, when partials multiply,
 * `output_limit`; each with the place in `details`.
 */
export const preparePrompt = (source: PromptSource, findPartial: FindPartial): PreparedPrompt =>
  new PreparedPrompt(source, resolvePartials(source, findPartial))

interface Check {
  readonly name: string
  readonly schema: VariableSchema
  /** Every text fits. */
  readonly anyText: boolean
}

const NO_OPTIONS: RenderOptions = {}

/** A prompt that is ready to compile. It never changes, and may be used from any number of requests. */
export class PreparedPrompt {
  readonly prompt: PromptFile
  /** All that it includes, directly or not, in byte order of the slugs: with `prompt`, what a resolved digest covers. */
  readonly partialFiles: ReadonlyMap<Slug, PromptFile>
  /** Declarations by name: the prompt's, and its partials' where it has none. */
  readonly declared: ReadonlyMap<string, VariableSchema>
  readonly #source: PromptSource
  readonly #partials: ReadonlyMap<Slug, PromptSource>
  readonly #checks: readonly Check[]
  readonly #program: Program | undefined
  readonly #chat: readonly ChatStep[]
  readonly #placeholders: ReadonlySet<string>
  #knownUses: ReadonlyMap<string, Use> | undefined
  #knownVariables: readonly Variable[] | undefined
  #knownFaults: DeclarationFaults | undefined

  /** By `preparePrompt` alone. */
  constructor(source: PromptSource, partials: ReadonlyMap<Slug, PromptSource>) {
    this.#source = source
    this.#partials = partials
    this.prompt = source.prompt
    this.partialFiles = new Map([...partials].map(([slug, partial]) => [slug, partial.prompt] as const).sort(bySlug))
    this.declared = mergeDeclarations(
      source.prompt,
      [...partials.values()].map(({ prompt }) => prompt),
    )
    this.#checks = [...this.declared]
      .map(([name, schema]) => ({ name, schema, anyText: isAnyText(schema) }))
      .filter(({ schema }) => isConstraining(schema))
    const programs = linkPrompt(source, partials, this.declared)
    this.#program = source.prompt.template === undefined ? undefined : programs.get(keyOf(['template']))
    this.#placeholders = new Set(placeholdersOf(source.prompt))
    this.#chat = createChatSteps(source.prompt.messages ?? [], {
      program: (path) => programs.get(keyOf(path)) ?? [],
      place: (path) => placeOf(source, path),
      value: (name, values) => {
        const given = getOwn(values, name)
        return given === undefined ? this.declared.get(name)?.default : given
      },
    })
  }

  /** The slugs of all that it includes, directly or not, in byte order. */
  get partials(): readonly Slug[] {
    return [...this.partialFiles.keys()]
  }

  /** As `variablesOf` lists them. */
  get variables(): readonly Variable[] {
    this.#knownVariables ??= listVariables(this.prompt, this.declared, this.#uses)
    return this.#knownVariables
  }

  /** As `variables`, made anew each time: for who has thousands of prompts and wants the list once. */
  listVariables(): readonly Variable[] {
    return listVariables(this.prompt, this.declared, this.#knownUses ?? this.#collectUses())
  }

  /**
   * The compiled text, or the messages of a chat prompt. Throws `missing_variable`, `invalid_variable` or `output_limit`, and with
   * `strict`, before them, `undeclared_variable`, `unused_variable` or `unknown_variable`; each names all in `details.variables`.
   */
  compile(values: Values, { strict = false, outputLimit }: CompileOptions = {}): string | Message[] {
    if (strict) this.#checkStrictly(values)
    const rendering = new Rendering(values, outputLimit === undefined ? NO_OPTIONS : { outputLimit })
    this.#checkValues(values, rendering)
    const compiled = this.#program ? rendering.text(this.#program) : this.#compileChat(values, rendering)
    rendering.finish()
    return compiled
  }

  /** What `--strict` and lint say of the declarations, whatever the values are. */
  checkDeclarations(): DeclarationFaults {
    this.#knownFaults ??= this.#findFaults()
    return this.#knownFaults
  }

  #findFaults(): DeclarationFaults {
    const undeclared = [...this.#uses].filter(([name]) => !this.declared.has(name) && !this.#placeholders.has(name))
    const unused = Object.keys(this.prompt.variables ?? {}).filter((name) => !this.#isUsed(name))
    return {
      undeclared: undeclared.map(([name, use]) => ({ name, ...use.place() })),
      unused: unused.map((name) => ({ name, ...placeOf(this.#source, ['variables', name]) })),
    }
  }

  readonly #isKnown = (name: string): boolean => this.#isUsed(name)

  #isUsed(name: string): boolean {
    return this.#uses.has(name) || this.#placeholders.has(name)
  }

  /** Throws `undeclared_variable` or `unused_variable`, naming all: what `--strict` wants of a prompt, whatever the values are. */
  assertDeclared(): void {
    const { undeclared, unused } = this.checkDeclarations()
    if (undeclared.length > 0) throw strictFault('undeclared_variable', 'used and not declared', undeclared)
    if (unused.length > 0) throw strictFault('unused_variable', 'declared and not used', unused)
  }

  get #uses(): ReadonlyMap<string, Use> {
    this.#knownUses ??= this.#collectUses()
    return this.#knownUses
  }

  #collectUses(): ReadonlyMap<string, Use> {
    return collectUses(this.#source, {
      declared: this.declared,
      partial: (slug) => this.#partials.get(slug as Slug),
    })
  }

  #compileChat(values: Values, rendering: Rendering): Message[] {
    const messages: Message[] = []
    for (const step of this.#chat) step(rendering, values, messages)
    return messages
  }

  #checkValues(values: Values, rendering: Rendering) {
    for (const { name, schema, anyText } of this.#checks) {
      const value = getOwn(values, name)
      if (value === undefined || (anyText && typeof value === 'string')) continue
      const problems = checkValue(schema, value, name)
      if (problems.length > 0) rendering.addInvalid(name, problems.join('; '), () => this.placeOf(name))
    }
  }

  /** Where a variable is first used; of one that is not, where it is declared. */
  placeOf(name: string): TagPlace {
    const use = this.#uses.get(name)
    if (use !== undefined) return use.place()
    const index = this.prompt.messages?.findIndex(({ placeholder }) => placeholder === name) ?? -1
    return placeOf(this.#source, index === -1 ? ['variables', name] : ['messages', index, 'placeholder'])
  }

  #checkStrictly(values: Values) {
    this.assertDeclared()
    const names = Object.keys(values)
    if (names.every(this.#isKnown)) return
    const unknown = names.filter((name) => !this.#isUsed(name))
    const message = `${this.prompt.slug} does not use ${unknown.join(', ')}`
    throw new PromptctlError('unknown_variable', message, { details: { variables: unknown.map((name) => ({ name })) } })
  }
}

/** As `PreparedPrompt.checkDeclarations`. */
export const checkDeclarations = (prepared: PreparedPrompt): DeclarationFaults => prepared.checkDeclarations()

type StrictCode = 'undeclared_variable' | 'unused_variable'

function strictFault(code: StrictCode, what: string, variables: readonly VariablePlace[]): PromptctlError {
  const names = variables.map(({ name, file, line, column }) => `${name} (${file}:${line}:${column})`)
  return new PromptctlError(code, `${what}: ${names.join(', ')}`, { details: { variables } })
}

/** The programs of a prompt's templates, by `keyOf` their paths. */
function linkPrompt(
  source: PromptSource,
  partials: ReadonlyMap<Slug, PromptSource>,
  declared: ReadonlyMap<string, VariableSchema>,
): ReadonlyMap<string, Program> {
  const linker = new Linker({
    declared,
    partial: (slug) => {
      const partial = partials.get(slug as Slug)
      return partial && templateSources(partial)[0]?.source
    },
  })
  return new Map(templateSources(source).map((text) => [text.key, linker.link(text.source)]))
}

const templateSources = (source: PromptSource): readonly { key: string; source: TemplateSource }[] =>
  templatesOf(source).map(({ path, template }) => ({
    key: keyOf(path),
    source: { template, file: source.file, locate: (offset) => placeOf(source, path, offset) },
  }))

const keyOf = (path: readonly (string | number)[]) => JSON.stringify(path)

const bySlug = ([a]: readonly [Slug, PromptFile], [b]: readonly [Slug, PromptFile]) => (a < b ? -1 : 1)
