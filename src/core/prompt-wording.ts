import { suggestion, type Wording } from './schema-problems.js'
import { quoteName } from './slug.js'
import type { Path } from './yaml-source.js'

/** A prompt file's keys, in the order in which they are written. */
export const PROMPT_KEYS = [
  'id',
  'slug',
  'title',
  'description',
  'tags',
  'aliases',
  'environment',
  'state',
  'published_at',
  'published_by',
  'digest',
  'model',
  'tools',
  'response_format',
  'config',
  'variables',
  'template',
  'messages',
] as const

const VARIABLE_KEYWORDS = [
  'type',
  'title',
  'description',
  'enum',
  'default',
  'example',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'items',
  'minItems',
  'maxItems',
  'properties',
  'required',
]

const ONE_LINE = 'one line that is not blank'
const NAME = 'a name of letters, digits, - and _'

/** How the faults of a prompt file are worded. */
export const PROMPT_WORDING: Wording = {
  patterns: {
    '#/properties/id': 'a UUID of version 4 in lower case, such as 3f8a2b1c-4e9d-4c6b-9a51-0d2f6c1b7e88',
    '#/properties/slug': 'lower-case words and the first 8 hex digits of the id, such as refund-email-3f8a2b1c',
    '#/properties/title': ONE_LINE,
    '#/properties/tags/items': ONE_LINE,
    '#/properties/aliases/items': 'lower-case letters, digits and . _ / - inside, such as team/greet',
    '#/properties/environment': 'lower-case letters, digits and hyphens, beginning with a letter',
    '#/properties/published_at': 'a time in UTC, such as 2026-01-31T02:00:00Z',
    '#/properties/published_by': 'one line, such as Ada Example <ada@example.com>',
    '#/properties/digest': 'sha256: and 64 hex digits',
    '#/$defs/message/then/properties/placeholder': NAME,
    '#/$defs/message/else/properties/role': ONE_LINE,
  },
  unknownKey: describeUnknownKey,
}

function describeUnknownKey(path: Path, key: string): string {
  const name = quoteName(key)
  if (path.length === 0) return `${name} is not a key of a prompt file${suggestion(key, PROMPT_KEYS)}`
  if (path[0] === 'messages') return `${name} cannot stand beside "placeholder"`
  if (path.length === 1) return `${name} cannot name a variable: letters, digits, - and _ can, at most 200`
  if (key === 'pattern') return `${name} is not allowed in a variable: it would run a stranger's regular expression`
  if (key === '$ref') return `${name} is not allowed in a variable: write out what it refers to`
  return `${name} is not a keyword of a variable${suggestion(key, VARIABLE_KEYWORDS)}`
}
