import { validateDelivered } from '../generated/delivery-validators.js'
import type { DeliveredPrompt } from './delivered.js'
import { PromptctlError } from './errors.js'
import { quoteName } from './slug.js'

/** The record in the answer of a server. Throws `invalid_prompt` for what is none; `name` says where it came from. */
export function parseDelivered(bytes: Uint8Array, name: string): DeliveredPrompt {
  const value = parseJsonDocument(bytes, name, 'Is that the address of promptctl serve?')
  if (validateDelivered(value)) return value as DeliveredPrompt
  const pointer = validateDelivered.errors?.[0]?.instancePath ?? ''
  throw new PromptctlError(
    'invalid_prompt',
    `${name} is no prompt: ${quoteName(pointer || '/')} is not as it should be`,
    {
      details: { pointer },
    },
  )
}

/** A prompt file nests 32 deep, and its record holds it. */
const DEEPEST = 64

/** JSON in UTF-8, nested at most 64 deep. Throws `invalid_prompt`. */
export function parseJsonDocument(bytes: Uint8Array, name: string, hint: string): unknown {
  const value = parseText(bytes, name, hint)
  if (isWithin(value, DEEPEST)) return value
  throw new PromptctlError('invalid_prompt', `${name} nests deeper than ${DEEPEST} levels`, { hint })
}

function parseText(bytes: Uint8Array, name: string, hint: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new PromptctlError('invalid_prompt', `${name} is not JSON`, { hint, cause })
  }
}

function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((each) => isWithin(each, levels - 1))
}
