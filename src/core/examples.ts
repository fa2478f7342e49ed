/** What a prompt is tried with, without anybody's values. */

import type { PreparedPrompt } from './compile.js'
import type { Json, VariableSchema } from './prompt-file.js'
import { checkValue } from './value-schema.js'

/** Values to try a prompt with, and the names of the variables that it uses and that have none. */
export interface Examples {
  readonly values: Readonly<Record<string, Json>>
  readonly without: readonly string[]
}

/**
 * Each used variable's `example`, else its `default`, else what its properties' or items' examples make, where that fits its
 * declaration; a placeholder is no messages. `declared` is by name.
 */
export function exampleValues({ variables, declared }: Pick<PreparedPrompt, 'variables' | 'declared'>): Examples {
  const values: [string, Json][] = []
  const without: string[] = []
  for (const { name, used, kind } of variables) {
    if (!used) continue
    const value = exampleOf(declared.get(name) ?? {}, kind === 'placeholder' ? noMessages : invent)
    if (value === undefined) without.push(name)
    else values.push([name, value])
  }
  return { values: Object.fromEntries(values), without }
}

type Invent = (schema: VariableSchema) => Json | undefined

function exampleOf(schema: VariableSchema, inventOne: Invent): Json | undefined {
  const { example, default: fallback, items: _, properties: __, ...own } = schema
  if (example !== undefined) return example
  if (fallback !== undefined) return fallback
  const value = inventOne(schema)
  // Such as a list of one, where two are the fewest. What is wrong further in is the example's own mistake.
  return value !== undefined && checkValue(own, value, '').length === 0 ? value : undefined
}

const noMessages: Invent = () => []

function invent({ items, properties }: VariableSchema): Json | undefined {
  if (items) {
    const item = exampleOf(items, invent)
    return item === undefined ? undefined : [item]
  }
  if (!properties) return undefined
  const entries: [string, Json][] = []
  for (const [name, schema] of Object.entries(properties)) {
    const value = exampleOf(schema, invent)
    if (value === undefined) return undefined
    entries.push([name, value])
  }
  return Object.fromEntries(entries)
}
