/*
 * What visible.ts asks about text that is not plain ASCII. A file of its own, because most output never needs it, and
 * expressions with Unicode properties take 1 ms to make.
 */

// Control characters, format characters (bidirectional overrides, zero-width, tags), lone surrogates, and the line
// and paragraph separators: all that can move a cursor, hide text or turn it round.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
const UNSAFE = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const UNSAFE_IN_LINE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

// Joiners that spelling needs: inside an emoji, and after a letter or sign of a script that joins.
const EMOJI = /(?:[\p{Extended_Pictographic}\p{Emoji_Modifier}]|\ufe0f)$/u
const JOINING_SCRIPT =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}]$/u

/** See visibleText. */
export const showInText = (text: string): string =>
  INVISIBLE.test(text) ? text.replace(UNSAFE, (character, offset) => show(character, text, offset)) : text

/** See visibleLine. */
export const showInLine = (text: string): string =>
  INVISIBLE.test(text) ? text.replace(UNSAFE_IN_LINE, (character, offset) => show(character, text, offset)) : text

function show(character: string, text: string, offset: number): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return '␡'
  if (isSpelling(code, text.slice(Math.max(0, offset - 2), offset))) return character
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}

const isSpelling = (code: number, before: string): boolean =>
  (code === 0x200d && (EMOJI.test(before) || JOINING_SCRIPT.test(before))) ||
  (code === 0x200c && JOINING_SCRIPT.test(before))

// Unicode's East Asian Width, values W and F (UAX #11), in blocks; emoji come by their own property.
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f/u
const NO_WIDTH = /^[\p{M}\p{Cc}\p{Cf}]+$/u

let segmenter: Intl.Segmenter | undefined
/** What a reader takes for one character each. */
export const graphemes = (text: string): Intl.Segments => {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return segmenter.segment(text)
}

/** How many terminal columns a grapheme takes. */
export const graphemeWidth = (grapheme: string): number => (WIDE.test(grapheme) ? 2 : NO_WIDTH.test(grapheme) ? 0 : 1)
