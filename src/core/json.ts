/** The value of JSON text, or undefined for text that is none: for files that may be cut off, or be something else. */
export function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** `value` with all that is in it, frozen. What is frozen already is taken to be so to its depth. */
export function freezeJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const inner of Object.values(value)) freezeJson(inner)
  return Object.freeze(value)
}

/** A copy that its owner may change: new lists and plain objects, to their depth. What else a program put in stays itself. */
export function copyJson<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyJson) as T
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyJson(inner)])) as T
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
