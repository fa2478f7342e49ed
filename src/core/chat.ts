/** Chat prompts: messages whose strings are templates, and the lists of messages that fill their placeholders. */

import { copyJson } from './json.js'
import type { Program, TagPlace } from './program.js'
import type { Json, Message, MessageItem } from './prompt-file.js'
import type { JsonPath } from './prompt-templates.js'
import type { Rendering } from './render.js'

/** Adds what one item of a chat prompt becomes. */
export type ChatStep = (rendering: Rendering, values: Readonly<Record<string, unknown>>, messages: Message[]) => void

export interface ChatOptions {
  /** The program of the text at a path. */
  readonly program: (path: JsonPath) => Program
  readonly place: (path: JsonPath) => TagPlace
  /** A placeholder's value, its default included; undefined when it is missing. */
  readonly value: (name: string, values: Readonly<Record<string, unknown>>) => unknown
}

export const createChatSteps = (items: readonly MessageItem[], options: ChatOptions): readonly ChatStep[] =>
  items.map((item, index) => {
    const path = ['messages', index]
    return typeof item.placeholder === 'string'
      ? createPlaceholder(item.placeholder, [...path, 'placeholder'], options)
      : createMessage(item as Message, path, options)
  })

function createMessage(message: Message, path: JsonPath, options: ChatOptions): ChatStep {
  const content = createContent(message.content as Json, [...path, 'content'], options)
  const extras = Object.entries(message).filter(([key, value]) => key !== 'content' && typeof value === 'object')
  return (rendering, _values, messages) => {
    const compiled: Record<string, Json> & Message = { ...message, content: content(rendering) as Message['content'] }
    for (const [key, value] of extras) compiled[key] = copyJson(value)
    messages.push(compiled)
  }
}

/** A function that copies JSON with the templates in it rendered. Keys stay as they are. */
function createContent(json: Json, path: JsonPath, options: ChatOptions): (rendering: Rendering) => Json {
  if (typeof json === 'string') {
    const program = options.program(path)
    return (rendering) => rendering.text(program)
  }
  if (typeof json !== 'object' || json === null) return () => json
  if (Array.isArray(json)) {
    const items = json.map((item: Json, index) => createContent(item, [...path, index], options))
    return (rendering) => items.map((item) => item(rendering))
  }
  const entries = Object.entries(json).map(
    ([key, item]) => [key, createContent(item, [...path, key], options)] as const,
  )
  return (rendering) => Object.fromEntries(entries.map(([key, item]) => [key, item(rendering)]))
}

/** The messages of the value go in as copies, and as they are: what looks like a tag in them stays text. */
function createPlaceholder(name: string, path: JsonPath, { place, value }: ChatOptions): ChatStep {
  const placeHere = () => place(path)
  return (rendering, values, messages) => {
    const given = value(name, values)
    const problem = given === undefined ? undefined : checkMessages(given)
    if (given === undefined) rendering.addMissing(name, placeHere)
    else if (problem !== undefined) rendering.addInvalid(name, `${name}${problem}`, placeHere)
    else for (const message of given as readonly Message[]) messages.push(copyJson(message))
  }
}

/** What keeps a value from being a list of messages, to be read after its name; undefined when it is one. */
function checkMessages(value: unknown): string | undefined {
  if (!Array.isArray(value)) return ' must be a list of messages, each with role and content'
  const index = value.findIndex((message) => !isMessage(message))
  return index === -1 ? undefined : `[${index}] must be a message: a role, and content that is text or a list of parts`
}

const isMessage = (value: unknown): boolean =>
  isObject(value) && typeof own(value, 'role') === 'string' && isContent(own(value, 'content'))

const isContent = (value: unknown) => typeof value === 'string' || (Array.isArray(value) && value.every(isObject))

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const own = (value: object, key: string): unknown =>
  Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
