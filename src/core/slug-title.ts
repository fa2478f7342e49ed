/** Title to slug. Apart from slug.ts because the transliteration tables take 70 ms to load: import this where it is used. */
import { transliterate } from 'transliteration'
import { parseSlug, type Slug, TITLE_PART_LENGTH } from './slug.js'

/** Longer titles are cut before they are transliterated; only 60 characters can remain. */
const TITLE_LENGTH = 1000

/**
 * Lower-case ASCII words of any text, other scripts transliterated, apostrophes dropped: `["brands", "core"]` for
 * `Brand's core`. Empty when nothing of it can be written so.
 */
export function asciiWords(text: string): string[] {
  // The library puts spaces between two Chinese characters, not between one and a Latin word.
  const apart = text.normalize('NFKC').replace(/(?<=\p{Script=Han})(?=\w)|(?<=\w)(?=\p{Script=Han})/gu, ' ')
  // Most titles need no tables, and so do not load them.
  const latin = /^[\0-\x7f]*$/.test(apart) ? apart : transliterate(apart)
  const ascii = latin.replace(/(?<=\w)['’`](?=\w)/g, '')
  return ascii.toLowerCase().match(/[a-z0-9]+/g) ?? []
}

/** The title in kebab case, at most 60 characters and cut at a word; `prompt` when nothing is left of it. */
export function titlePart(title: string): string {
  const kebab = asciiWords(title.slice(0, TITLE_LENGTH)).join('-')
  if (kebab.length <= TITLE_PART_LENGTH) return kebab === '' ? 'prompt' : kebab
  const cut = kebab.lastIndexOf('-', TITLE_PART_LENGTH)
  return kebab.slice(0, cut === -1 ? TITLE_PART_LENGTH : cut)
}

/** The slug of a new prompt; `id` is its UUID. */
export const createSlug = (title: string, id: string): Slug =>
  parseSlug(`${titlePart(title)}-${id.slice(0, 8).toLowerCase()}`)
