/** Which sections of a prompt have their names to themselves. */

import type { SectionNode, ValueNode } from './template.js'
import { type Text, Walk } from './walk.js'

/** Counts names, to tell which sections have all of their names to themselves. */
export class InnerNames extends Walk<readonly string[]> {
  readonly #total = new Map<string, number>()
  readonly #inside = new Map<string, Map<string, number>>()
  readonly #homes = new Map<string, boolean>()

  add(text: Text) {
    this.walk(text, [])
  }

  /** True when there are names inside sections over `section`, and they are used, and declared, nowhere else. */
  isHome(section: string): boolean {
    const known = this.#homes.get(section)
    if (known !== undefined) return known
    const isHome = this.#hasOnlyOwnNames(section)
    this.#homes.set(section, isHome)
    return isHome
  }

  #hasOnlyOwnNames(section: string): boolean {
    const names = [...(this.#inside.get(section) ?? [])]
    const isOnlyHere = ([name, count]: [string, number]) =>
      count === this.#total.get(name) && !this.options.declared.has(name) && name !== firstPart(section)
    return names.length > 0 && names.every(isOnlyHere)
  }

  hasNames(section: string): boolean {
    return (this.#inside.get(section)?.size ?? 0) > 0
  }

  protected value({ name }: ValueNode, _text: Text, sections: readonly string[]) {
    this.#count(name, sections)
  }

  protected section(node: SectionNode, text: Text, sections: readonly string[]) {
    this.#count(node.name, sections)
    const inside = node.inverted || sections.includes(node.name) ? sections : [...sections, node.name]
    this.walk({ ...text, nodes: node.nodes }, inside)
  }

  #count(written: string, sections: readonly string[]) {
    if (written === '.') return
    const name = firstPart(written)
    this.#total.set(name, (this.#total.get(name) ?? 0) + 1)
    for (const section of sections) {
      const names = this.#inside.get(section) ?? new Map<string, number>()
      this.#inside.set(section, names.set(name, (names.get(name) ?? 0) + 1))
    }
  }
}

/** `user` of `user.name`. */
export const firstPart = (name: string) => (name === '.' ? name : (name.split('.', 1)[0] ?? name))
