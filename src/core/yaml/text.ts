import type { Fault } from './fault.js'

/** How large a file may be, in bytes. */
export const MAX_BYTES = 1 << 20

/** What a text file never holds raw: C0 but tab and newlines, DEL, C1 but NEL, non-characters, and a CR alone. */
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|\r(?!\n)/
// Not \p{Surrogate}: asking for a property takes 0.2 ms of every start.
const LONE_SURROGATE = /[\ud800-\udfff]/u

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** The text of a file, or the first fault in its bytes. The size is looked at before anything else. */
export function decodeText(content: Uint8Array | string): { text: string; fault?: Fault } {
  const size = typeof content === 'string' ? sizeOf(content) : content.length
  if (size > MAX_BYTES) {
    return {
      text: '',
      fault: { offset: 0, message: `the file has ${size} bytes; at most ${MAX_BYTES} (1 MiB) are read` },
    }
  }
  if (typeof content === 'string')
    return withFault(content, checkText(content) ?? findAt(content, LONE_SURROGATE, 'half of a surrogate pair'))
  try {
    const text = decoder.decode(content)
    return withFault(text, checkText(text))
  } catch {
    return decodeFaulty(content)
  }
}

// A string of fewer characters than a third of the limit cannot have too many bytes.
const sizeOf = (text: string): number =>
  text.length > MAX_BYTES || text.length * 3 < MAX_BYTES ? text.length : encoder.encode(text).length

const withFault = (text: string, fault: Fault | undefined) => (fault === undefined ? { text } : { text, fault })

function checkText(text: string): Fault | undefined {
  if (text.charCodeAt(0) === 0xfeff) {
    return { offset: 0, message: 'the file begins with a byte order mark: save it as UTF-8 without one' }
  }
  const found = CONTROL.exec(text)
  return found === null
    ? undefined
    : { offset: found.index, message: `${nameOf(found[0])}: in double quotes it can be written as an escape` }
}

function findAt(text: string, pattern: RegExp, message: string): Fault | undefined {
  const found = pattern.exec(text)
  return found === null ? undefined : { offset: found.index, message }
}

function nameOf(character: string): string {
  if (character === '\r') return 'a carriage return without a line feed'
  if (character === '\0') return 'a NUL character'
  return `the control character U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
}

/** Decodes leniently, and finds the first replacement character that is not one in the bytes. */
function decodeFaulty(bytes: Uint8Array): { text: string; fault: Fault } {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  let offset = text.indexOf('\ufffd')
  let at = encoder.encode(text.slice(0, offset)).length
  while (bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd) {
    const next = text.indexOf('\ufffd', offset + 1)
    at += encoder.encode(text.slice(offset, next)).length
    offset = next
  }
  const byte = bytes[at]?.toString(16).padStart(2, '0') ?? ''
  return { text, fault: { offset, message: `byte 0x${byte} is not UTF-8: save the file as UTF-8` } }
}
