import { PromptctlError } from '../core/errors.js'

/** `key` is `section.name` or `section.Sub Section.name`, section and name in lower case; a bare name has no value. */
export interface ConfigEntry {
  readonly key: string
  readonly value: string | undefined
}

const SECTION = /^\[\s*([A-Za-z0-9.-]+)\s*(?:"((?:[^"\\]|\\.)*)"\s*)?\]/
const NAME = /^([A-Za-z][A-Za-z0-9-]*)[ \t]*(=?)/

/**
 * Reads git's configuration syntax (https://git-scm.com/docs/git-config#_syntax). Throws `unavailable` with the line
 * where `text` is not that, as git does: half a configuration is none.
 */
export function parseConfig(text: string, file: string): readonly ConfigEntry[] {
  const entries: ConfigEntry[] = []
  let rest = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const total = rest.length
  const normal = rest
  const fail = (): never => {
    const line = normal.slice(0, total - rest.length).split('\n').length
    throw new PromptctlError('unavailable', `${file}:${line}: bad git configuration`, { details: { file, line } })
  }
  let section: string | undefined
  while (true) {
    rest = rest.replace(/^(?:\s+|[#;][^\n]*)+/, '')
    if (rest === '') return entries
    const header = SECTION.exec(rest)
    if (header !== null) {
      section = formatSection(header[1] ?? '', header[2])
      rest = rest.slice(header[0].length)
      continue
    }
    const name = NAME.exec(rest)
    if (name === null || section === undefined) return fail()
    rest = rest.slice(name[0].length)
    const value = name[2] === '=' ? readValue(rest) : { text: undefined, length: 0 }
    if (value === undefined) return fail()
    rest = rest.slice(value.length)
    entries.push({ key: `${section}.${(name[1] ?? '').toLowerCase()}`, value: value.text })
  }
}

function formatSection(name: string, quoted: string | undefined): string {
  if (quoted !== undefined) return `${name.toLowerCase()}.${quoted.replaceAll(/\\(.)/g, '$1')}`
  return name.toLowerCase()
}

const ESCAPES = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['b', '\b'],
  ['"', '"'],
  ['\\', '\\'],
])

/** One value up to the end of its line: quotes, escapes, continuation lines and comments. Undefined when malformed. */
function readValue(text: string): { text: string; length: number } | undefined {
  let value = ''
  let pending = ''
  let quoted = false
  let at = 0
  const take = (part: string): void => {
    value += pending + part
    pending = ''
  }
  for (; at < text.length; at += 1) {
    const char = text[at] ?? ''
    if (char === '\n') break
    if (char === '"') {
      quoted = !quoted
      take('')
    } else if (char === '\\') {
      at += 1
      if (text[at] === '\n') continue
      const escaped = ESCAPES.get(text[at] ?? '')
      if (escaped === undefined) return undefined
      take(escaped)
    } else if (!quoted && (char === '#' || char === ';')) {
      while (at < text.length && text[at] !== '\n') at += 1
      break
    } else if (!quoted && (char === ' ' || char === '\t')) {
      // Spaces inside a value stay, those before and after it do not.
      if (value !== '' || pending !== '') pending += char
    } else take(char)
  }
  return quoted ? undefined : { text: value, length: at }
}
