/** The interpreter: strict Mustache without HTML escaping. */

import { PromptctlError } from './errors.js'
import { INCLUDE, type Program, type Step, type TagPlace, TEXT, VALUE } from './program.js'
import { createFrame, type Frame, findOwner, findValue, itemLabelOf, labelOf } from './scope.js'
import { formatKind } from './value-schema.js'

/** In UTF-16 code units. */
export const DEFAULT_OUTPUT_LIMIT = 1024 * 1024
/** Section bodies and partials that one rendering may go through. */
const MOST_ROUNDS = 1_000_000

/** A name that could not be rendered, and where it is first used. */
export interface MissingVariable extends TagPlace {
  readonly name: string
}

/** A wrong value, and where its name is first used. */
export interface InvalidVariable extends MissingVariable {
  readonly message: string
}

export interface RenderOptions {
  /** In UTF-16 code units, over all texts of one rendering. */
  readonly outputLimit?: number
  /** Mustache as its specification has it, for tests against that: what is missing is nothing, and text may be a section. */
  readonly lenient?: { readonly escape: (text: string) => string }
}

type Values = Readonly<Record<string, unknown>>

/**
 * Renders the texts of one prompt with one set of values. Faults are gathered over all texts and thrown by `finish`;
 * `output_limit` is thrown at once.
 */
export class Rendering {
  readonly #values: Values
  readonly #outputLimit: number
  readonly #lenient: RenderOptions['lenient']
  #missing: Map<string, MissingVariable> | undefined
  #invalid: Map<string, InvalidVariable> | undefined
  #used = 0
  #rounds = 0

  constructor(values: Values, { outputLimit = DEFAULT_OUTPUT_LIMIT, lenient }: RenderOptions = {}) {
    this.#values = values
    this.#outputLimit = outputLimit
    this.#lenient = lenient
  }

  /** The text of a program. It is only good when `finish` does not throw. */
  text(program: Program): string {
    const text = this.#run(program, undefined, '')
    this.#used += text.length
    return text
  }

  /** Notes a name without a value; the first place of a name is kept. */
  addMissing(name: string, place: () => TagPlace) {
    this.#missing ??= new Map()
    if (!this.#missing.has(name)) this.#missing.set(name, { name, ...place() })
  }

  /** Notes a value of the wrong kind; the first problem of a name is kept. `message` is a whole clause. */
  addInvalid(name: string, message: string, place: () => TagPlace) {
    this.#invalid ??= new Map()
    if (!this.#invalid.has(name)) this.#invalid.set(name, { name, message, ...place() })
  }

  /** Throws `missing_variable` with all missing names, else `invalid_variable` with all wrong ones, if there are any. */
  finish() {
    if (this.#missing) throw missingVariables([...this.#missing.values()])
    if (this.#invalid) throw invalidVariables([...this.#invalid.values()])
  }

  #run(program: Program, frame: Frame | undefined, before: string): string {
    let out = before
    for (let index = 0; index < program.length; index++) {
      const step = program[index] as Step
      if (step.op === TEXT) out += step.text
      else if (step.op === VALUE) out += this.#insert(step, frame)
      else if (step.op === INCLUDE) out = this.#body(step, frame, out)
      else out = this.#section(step, frame, out)
      if (this.#used + out.length > this.#outputLimit) throw this.#tooMuch()
    }
    return out
  }

  #insert(step: Step, frame: Frame | undefined): string {
    const value = findValue(step, frame, this.#values)
    if (typeof value === 'string') return this.#lenient && !step.flag ? this.#lenient.escape(value) : value
    if (typeof value === 'boolean' || Number.isFinite(value)) return String(value)
    if (this.#lenient) return value === undefined || value === null ? '' : String(value)
    if (value === undefined) this.#isMissing(step, frame)
    else this.#isInvalid(step, frame, `is ${formatKind(value)}, and cannot be inserted as text`)
    return ''
  }

  #section(step: Step, frame: Frame | undefined, out: string): string {
    const value = findValue(step, frame, this.#values)
    if (value === undefined && !this.#lenient) this.#isMissing(step, frame)
    else if (!this.#fitsSection(value)) this.#isInvalid(step, frame, sectionProblem(step, value))
    else if (step.flag) return isFalsy(value) ? this.#body(step, frame, out) : out
    else if (!isFalsy(value)) return this.#sectionBody(step, value, frame, out)
    return out
  }

  #fitsSection(value: unknown): boolean {
    return (
      typeof value === 'boolean' || typeof value === 'object' || Number.isFinite(value) || this.#lenient !== undefined
    )
  }

  #sectionBody(step: Step, value: unknown, frame: Frame | undefined, before: string): string {
    if (value === true) return this.#body(step, frame, before)
    const inside = createFrame(step, value, frame)
    if (!Array.isArray(value)) return this.#body(step, inside, before)
    let out = before
    for (let index = 0; index < value.length; index++) {
      inside.value = value[index]
      inside.index = index
      out = this.#body(step, inside, out)
    }
    return out
  }

  #body(step: Step, frame: Frame | undefined, out: string): string {
    this.#rounds += 1
    if (this.#rounds > MOST_ROUNDS) throw this.#tooMuch()
    return this.#run(step.program, frame, out)
  }

  #isMissing(step: Step, frame: Frame | undefined) {
    this.addMissing(labelOf(step, findOwner(step, frame), frame), step.place)
  }

  #isInvalid(step: Step, frame: Frame | undefined, problem: string) {
    const label = labelOf(step, findOwner(step, frame), frame)
    this.addInvalid(label, `${itemLabelOf(step, label, frame)} ${problem}`, step.place)
  }

  /** A name that is missing explains more than the output that there was without it. */
  #tooMuch(): PromptctlError {
    if (this.#missing) return missingVariables([...this.#missing.values()])
    const limit = this.#rounds > MOST_ROUNDS ? `${MOST_ROUNDS} section items` : `${this.#outputLimit} characters`
    return new PromptctlError('output_limit', `output exceeds limit of ${limit}`)
  }
}

const isFalsy = (value: unknown) => !value || (Array.isArray(value) && value.length === 0)

function sectionProblem({ name, flag }: Step, value: unknown): string {
  const tag = `{{${flag ? '^' : '#'}${name}}}`
  if (typeof value !== 'string') return `is ${formatKind(value)}, and ${tag} needs true or false, a list or an object`
  return `is text, and ${tag} needs true or false, a list or an object: declare its type, such as boolean`
}

function missingVariables(variables: readonly MissingVariable[]): PromptctlError {
  const names = variables.map(({ name, file, line, column }) => `${name} (${file}:${line}:${column})`)
  return new PromptctlError('missing_variable', `no value for ${names.join(', ')}`, { details: { variables } })
}

/** The failure that names all wrong values, with their places where they are known. */
export function invalidVariables(variables: readonly InvalidVariable[]): PromptctlError {
  const message = variables.map((variable) => variable.message).join('; ')
  return new PromptctlError('invalid_variable', message, { details: { variables } })
}
