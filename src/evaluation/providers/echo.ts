import { NO_TOKENS } from '../../core/evaluation.js'
import { type Provider, textOf } from './provider.js'

/** Answers with the compiled prompt itself: for tests of the template, which cost nothing. */
export const createEcho = (label: string): Provider => ({
  label,
  call: async (prompt) => ({ output: textOf(prompt), latencyMs: 0, tokens: NO_TOKENS, cost: 0 }),
})
