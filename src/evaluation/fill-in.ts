import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { Linker, type Program } from '../core/program.js'
import type { Json, JsonObject, Position } from '../core/prompt-file.js'
import { Rendering } from '../core/render.js'
import { parseTemplate } from '../core/template.js'
import type { Path } from '../core/yaml-source.js'
import type { AssertionEntry, TestSet } from './test-set.js'

/**
 * Fills the variables of a case into the values of its assertions: into text, and the texts of a list; keys and values stay
 * as they are. As strict as prompts: a name without a value is an error. The same text is parsed once for all cases.
 */
export class ValueTemplates {
  readonly #set: TestSet
  readonly #programs = new Map<string, Program>()
  /** What is filled in now, for the place of an error. */
  #assertion: AssertionEntry | undefined
  #item: number | undefined

  constructor(set: TestSet) {
    this.#set = set
  }

  /** Throws `missing_variable`, `invalid_variable` and `invalid_prompt`. */
  fillIn(value: Json, assertion: AssertionEntry, vars: JsonObject): Json {
    this.#assertion = assertion
    this.#item = undefined
    if (typeof value === 'string') return this.#text(value, vars)
    if (!Array.isArray(value)) return value
    return value.map((item: Json, index) => {
      this.#item = index
      return typeof item === 'string' ? this.#text(item, vars) : item
    })
  }

  #text(text: string, vars: JsonObject): string {
    if (!text.includes('{{')) return text
    const rendering = new Rendering(vars)
    const filled = rendering.text(this.#program(text))
    rendering.finish()
    return filled
  }

  #program(text: string): Program {
    const known = this.#programs.get(text)
    if (known !== undefined) return known
    const program = this.#link(text)
    this.#programs.set(text, program)
    return program
  }

  #locate(offset: number): Position {
    const path = this.#assertion === undefined ? undefined : pathOf(this.#set, this.#assertion)
    return this.#set.locate([...(path ?? []), 'value', ...(this.#item === undefined ? [] : [this.#item])], offset)
  }

  #link(text: string): Program {
    const { file } = this.#set
    const locate = (offset: number) => this.#locate(offset)
    try {
      const linker = new Linker({ declared: new Map(), partial: () => undefined })
      return linker.link({ template: parseTemplate(text), file, locate })
    } catch (error) {
      const offset = isPromptctlError(error) ? error.details?.['offset'] : undefined
      if (!isPromptctlError(error) || typeof offset !== 'number') throw error
      const { line, column } = locate(offset)
      throw new PromptctlError(error.code, `${file}:${line}:${column}: ${error.message}`, { cause: error })
    }
  }
}

/** Where an assertion stands in its test set: looked for only when something is wrong with it. */
function pathOf({ defaultTest, tests }: TestSet, wanted: AssertionEntry): Path | undefined {
  const homes: readonly (readonly [Path, readonly AssertionEntry[] | undefined])[] = [
    [['defaultTest', 'assert'], defaultTest.assert],
    ...tests.map(({ assert }, index) => [['tests', index, 'assert'], assert] as const),
  ]
  for (const [path, assertions] of homes) {
    const found = findPath(path, assertions ?? [], wanted)
    if (found !== undefined) return found
  }
  return undefined
}

function findPath(path: Path, assertions: readonly AssertionEntry[], wanted: AssertionEntry): Path | undefined {
  for (const [index, one] of assertions.entries()) {
    if (one === wanted) return [...path, index]
    const inner = findPath([...path, index, 'assert'], one.assert ?? [], wanted)
    if (inner !== undefined) return inner
  }
  return undefined
}
