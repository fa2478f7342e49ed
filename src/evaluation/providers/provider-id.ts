import { quoteName } from '../../core/slug.js'

/** What a provider's id says. */
export type ProviderId =
  | { readonly kind: 'echo' }
  | { readonly kind: 'openai'; readonly model: string }
  | { readonly kind: 'exec'; readonly words: readonly string[] }

/** `echo`, `openai:<model>` (or `openai:chat:<model>`) and `exec:<command>`; a text when it is none of these. */
export function readProviderId(id: string): ProviderId | string {
  const [, scheme, rest = ''] = /^([^:]*)(?::(.*))?$/s.exec(id) ?? []
  if (id === 'echo') return { kind: 'echo' }
  if (scheme === 'openai') {
    const model = rest.replace(/^chat:/, '')
    return /^\S+$/.test(model)
      ? { kind: 'openai', model }
      : 'openai: needs the name of a model, such as openai:gpt-4o-mini'
  }
  if (scheme === 'exec') {
    const words = splitWords(rest)
    if (words === undefined) return 'exec: the command has a quote that is not closed'
    return words.length > 0 ? { kind: 'exec', words } : 'exec: needs a command'
  }
  return `there is no provider ${quoteName(id)}: there are echo, openai:<model> and exec:<command>`
}

/** What is wrong with a provider's id; undefined when nothing is. */
export function checkProviderId(id: string): string | undefined {
  const read = readProviderId(id)
  return typeof read === 'string' ? read : undefined
}

/**
 * The words of a command line, as a shell would split them that knows quotes and backslashes and nothing else: no variable, no
 * pipe, no second command. Undefined when a quote is not closed.
 */
export function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote: string | undefined
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? ''
    if (character === '\\' && quote !== "'") word = (word ?? '') + (text[++index] ?? '')
    else if (quote !== undefined) {
      if (character === quote) quote = undefined
      else word = (word ?? '') + character
    } else if (character === '"' || character === "'") {
      quote = character
      word ??= ''
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + character
  }
  if (quote !== undefined) return undefined
  if (word !== undefined) words.push(word)
  return words
}
