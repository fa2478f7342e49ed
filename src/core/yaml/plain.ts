import { quoteName } from '../slug.js'

/** What unquoted text means by YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema). */
export type Plain = null | boolean | number | string

/** A number that JSON cannot hold exactly, such as .nan, or an integer beyond 2^53. */
export interface Inexact {
  readonly inexact: string
}

/** What is wrong with a number that resolves to Inexact. */
export const inexactNumber = (source: string): string =>
  `the number ${quoteName(source).slice(1, -1)} cannot be held exactly in JSON: quote it if it is text`

export const duplicateKey = (key: string): string => `the key ${quoteName(key)} is there twice`

export const LONE_SURROGATE = /[\ud800-\udfff]/u
export const SPLIT_PAIR = 'half of a surrogate pair (\\ud800 to \\udfff) stands alone'

const NULL = /^(?:|~|null|Null|NULL)$/
const BOOLEAN = /^(?:(true|True|TRUE)|false|False|FALSE)$/
const INTEGER = /^[-+]?[0-9]+$/
const RADIX = /^0(?:o[0-7]+|x[0-9a-fA-F]+)$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/

/** Only text that begins so can be anything else than text, in YAML 1.2 or 1.1. */
const SPECIAL_START = /^(?:$|[-+.0-9~=<nNtTfFyYoO])/

/** No special word, number or date is longer. */
const LONGEST_SPECIAL = 400

export const isSurelyText = (source: string): boolean => source.length > LONGEST_SPECIAL || !SPECIAL_START.test(source)

/** Zero has no sign here, as in canonical JSON. */
export function resolvePlain(source: string): Plain | Inexact {
  if (NULL.test(source)) return null
  const boolean = BOOLEAN.exec(source)
  if (boolean !== null) return boolean[1] !== undefined
  if (NOT_FINITE.test(source)) return { inexact: source }
  if (INTEGER.test(source) || RADIX.test(source)) {
    const value = Number(source)
    return Number.isSafeInteger(value) ? value + 0 : { inexact: source }
  }
  if (!FLOAT.test(source)) return source
  const value = Number(source)
  const isLost = !Number.isFinite(value) || (value === 0 && /[1-9]/.test(source.replace(/[eE].*/, '')))
  return isLost ? { inexact: source } : value + 0
}

// YAML 1.1 (https://yaml.org/type/): booleans, octal, binary, digits with underscores, base 60, dates, merge and value.
const OLD_WORD = /^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|<<|=)$/
const OLD_NUMBER =
  /^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9_]+(?:[eE][-+]?[0-9]+)?)$/
const DATE =
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?)?)?$/

/** True for unquoted text that YAML 1.1, which many programs still read, takes for something else than text. */
export const isOtherInYaml11 = (source: string): boolean =>
  OLD_WORD.test(source) || OLD_NUMBER.test(source) || DATE.test(source)
