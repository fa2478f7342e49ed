import { PromptctlError } from '../../core/errors.js'
import type { TokenUsage } from '../../core/evaluation.js'
import type { Message } from '../../core/prompt-file.js'

/** What a model is given: the compiled text, or the messages of a chat prompt. */
export type Compiled = string | readonly Message[]

export interface Reply {
  /** At most MAX_OUTPUT bytes. */
  readonly output: string
  /** Of the call that was answered, without waiting between tries. */
  readonly latencyMs: number
  readonly tokens: TokenUsage | null
  /** In US dollars; null where nobody knows. */
  readonly cost: number | null
}

/** Who answers prompts. */
export interface Provider {
  /** What the results call it. */
  readonly label: string
  /** Throws PromptctlError when there is no answer; its message says why, and holds no secret. */
  call(prompt: Compiled, signal: AbortSignal): Promise<Reply>
}

/** Why the calls were ended: Ctrl-C has no words of its own, a deadline has. */
export const whyEnded = ({ reason }: AbortSignal): string =>
  reason instanceof PromptctlError ? reason.message : 'interrupted'

/** In bytes: a longer answer is an error. */
export const MAX_OUTPUT = 1 << 20

/** The compiled text; a chat prompt as JSON. */
export const textOf = (prompt: Compiled): string => (typeof prompt === 'string' ? prompt : JSON.stringify(prompt))
