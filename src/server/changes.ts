import type { Changes } from '../core/yaml/edit.js'

/** null takes a key out; a text prompt that gets messages is a chat prompt, and the other way round. */
export function changesOf(values: Changes): Changes {
  const changes = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value ?? undefined]))
  if (changes['template'] !== undefined && values['messages'] === undefined) changes['messages'] = undefined
  if (changes['messages'] !== undefined && values['template'] === undefined) changes['template'] = undefined
  return changes
}
