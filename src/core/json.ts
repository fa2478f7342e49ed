/** The value of JSON text, or undefined for text that is none: for files that may be cut off, or be something else. */
export function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
