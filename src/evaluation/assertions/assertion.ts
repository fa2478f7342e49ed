import type { Json } from '../../core/prompt-file.js'

/** What an assertion looks at. */
export interface Answer {
  /** At most 1 MiB. */
  readonly output: string
  /** Null where no model was called. */
  readonly latencyMs: number | null
  /** In US dollars; null where nobody knows. */
  readonly cost: number | null
}

/** The value and the threshold of an assertion, with the case's variables filled in. */
export interface Expectation {
  readonly value: Json | undefined
  readonly threshold: number | undefined
}

/** Whether it holds; `wanted` ends "expected the answer to …" (made for failures alone), and `found` says what came instead. */
export interface Finding {
  readonly holds: boolean
  readonly wanted: () => string
  readonly found?: string | undefined
}

/** One kind of assertion. */
export interface Kind {
  /** What is wrong with an assertion before anything is run, or undefined. */
  check?(expectation: Expectation): string | undefined
  /** Throws PromptctlError when it cannot be run on this answer. */
  judge(answer: Answer, expectation: Expectation): Finding
}

const LONGEST = 200

/** Text as it may stand in a reason: quoted, and cut. */
export const quoteText = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)
}
