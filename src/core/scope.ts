/** Which value a name in a template means. */

import type { Step } from './program.js'
import type { JsonType, VariableSchema } from './prompt-file.js'

/** What a section pushes: the object, or the item of the list, that its body is about. */
export interface Frame {
  /** The current item; a list's frame is used again for each of its items. */
  value: unknown
  /** Of the current item, in a list. */
  index: number | undefined
  readonly parent: Frame | undefined
  /** The section's name, with the names of the lists and objects around it: `orders.lines`. */
  readonly label: string
  readonly schema: VariableSchema | undefined
  /** Declared as an object or a list of objects: names belong to it, though it may not have them. */
  readonly closed: boolean
}

/** True for a schema that says object or list; false for `{}`, which leaves it to the value. */
export function isContainer(schema: VariableSchema | undefined): boolean {
  if (!schema) return false
  if (schema.type === undefined) return schema.items !== undefined || schema.properties !== undefined
  return allowsType(schema, 'array') || allowsType(schema, 'object')
}

export const allowsType = ({ type }: VariableSchema, wanted: JsonType): boolean =>
  type === undefined || type === wanted || (typeof type !== 'string' && type.includes(wanted))

/** True when names inside a section over a value with this schema belong to that value, or to its items. */
export function ownsNames(schema: VariableSchema | undefined, isList: boolean): boolean {
  if (!isContainer(schema)) return false
  // In a list of texts or numbers a name can only mean something outside.
  return !isList || schema?.items?.type === undefined || isContainer(schema.items)
}

/** The schema of a property, if it is declared. */
export const propertyOf = (schema: VariableSchema | undefined, name: string): VariableSchema | undefined =>
  schema?.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined

/** Makes the frame of a section over `value`; for a list, the caller sets `value` to each of its items. */
export function createFrame(step: Step, value: unknown, parent: Frame | undefined): Frame {
  const owner = findOwner(step, parent)
  const schema = schemaOf(step, owner, parent)
  const isList = Array.isArray(value)
  return {
    value,
    index: undefined,
    parent,
    label: labelOf(step, owner, parent),
    schema: isList ? schema?.items : schema,
    closed: typeof value === 'object' && ownsNames(schema, isList),
  }
}

/**
 * The frame that a step's name belongs to; undefined for the prompt. A name belongs to the innermost declared object or
 * list item, unless that one lists its properties without it and something around it declares it. What is not declared
 * is asked for the property itself, and passed over when it has none.
 */
export function findOwner({ first, declared }: Step, frame: Frame | undefined): Frame | undefined {
  for (let at = frame; at !== undefined; at = at.parent) {
    if (at.closed ? belongsTo(at, first, declared) : getOwn(at.value, first) !== undefined) return at
  }
  return undefined
}

function belongsTo({ schema, parent }: Frame, name: string, declared: VariableSchema | undefined): boolean {
  if (!schema?.properties || Object.hasOwn(schema.properties, name)) return true
  if (declared) return false
  for (let at = parent; at !== undefined; at = at.parent) if (propertyOf(at.schema, name)) return false
  return true
}

/** The value that a step names, its declared default included; undefined when it is missing. */
export function findValue(step: Step, frame: Frame | undefined, values: object): unknown {
  if (step.name === '.') return frame === undefined ? values : frame.value
  const owner = findOwner(step, frame)
  const value = getOwn(owner === undefined ? values : owner.value, step.first)
  if (value !== undefined && step.rest.length === 0) return value
  return followParts(step, value, owner === undefined ? step.declared : propertyOf(owner.schema, step.first))
}

function followParts({ rest }: Step, first: unknown, declared: VariableSchema | undefined): unknown {
  let schema = declared
  let value = first ?? (first === null ? null : schema?.default)
  for (const part of rest) {
    schema = propertyOf(schema, part)
    const next = getOwn(value, part)
    value = next === undefined ? schema?.default : next
  }
  return value
}

function schemaOf(step: Step, owner: Frame | undefined, frame: Frame | undefined): VariableSchema | undefined {
  if (step.name === '.') return frame?.schema
  const declared = owner === undefined ? step.declared : propertyOf(owner.schema, step.first)
  return step.rest.reduce(propertyOf, declared)
}

/** As `labelOf`, with the item that is at hand: `orders[2]`. */
export const itemLabelOf = (step: Step, label: string, frame: Frame | undefined): string =>
  step.name === '.' && frame?.index !== undefined ? `${label}[${frame.index}]` : label

/** A step's name for people: as it is written, after the name of the section that it belongs to. */
export function labelOf(step: Step, owner: Frame | undefined, frame: Frame | undefined): string {
  if (step.name === '.') return frame?.label ?? '.'
  // What nobody declares and nobody has is most likely meant for the item at hand.
  const holder = owner ?? (step.declared ? undefined : innermostObject(frame))
  return holder === undefined ? step.name : `${holder.label}.${step.name}`
}

function innermostObject(frame: Frame | undefined): Frame | undefined {
  let at = frame
  while (at !== undefined && (typeof at.value !== 'object' || at.value === null)) at = at.parent
  return at
}

/** An own property, or undefined. `length` is no member of a list; nothing is a member of text. */
export function getOwn(container: unknown, name: string): unknown {
  if (typeof container !== 'object' || container === null) return undefined
  const isMember = Array.isArray(container) ? isEnumerable.call(container, name) : Object.hasOwn(container, name)
  return isMember ? (container as Record<string, unknown>)[name] : undefined
}

const isEnumerable = Object.prototype.propertyIsEnumerable
