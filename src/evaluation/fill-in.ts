import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { Linker, type Program } from '../core/program.js'
import type { Json, JsonObject } from '../core/prompt-file.js'
import { Rendering } from '../core/render.js'
import { parseTemplate } from '../core/template.js'
import type { Path } from '../core/yaml-source.js'
import type { TestSet } from './test-set.js'

/**
 * Fills the variables of a case into the values of its assertions: into text, and the texts of a list; keys and values stay
 * as they are. As strict as prompts: a name without a value is an error. Templates are parsed once for all cases.
 */
export class ValueTemplates {
  readonly #set: TestSet
  readonly #programs = new Map<string, Program>()

  constructor(set: TestSet) {
    this.#set = set
  }

  /** Throws `missing_variable`, `invalid_variable` and `invalid_prompt`. */
  fillIn(value: Json, path: Path, vars: JsonObject): Json {
    if (typeof value === 'string') return this.#text(value, path, vars)
    if (!Array.isArray(value)) return value
    return value.map((item: Json, index) =>
      typeof item === 'string' ? this.#text(item, [...path, index], vars) : item,
    )
  }

  #text(text: string, path: Path, vars: JsonObject): string {
    if (!text.includes('{{')) return text
    const rendering = new Rendering(vars)
    const filled = rendering.text(this.#program(text, path))
    rendering.finish()
    return filled
  }

  #program(text: string, path: Path): Program {
    const key = JSON.stringify(path)
    const known = this.#programs.get(key)
    if (known !== undefined) return known
    const program = this.#link(text, path)
    this.#programs.set(key, program)
    return program
  }

  #link(text: string, path: Path): Program {
    const { file } = this.#set
    const locate = (offset: number) => this.#set.locate(path, offset)
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
