/** How much is read of one file, so that time and memory have a bound. */
export interface YamlLimits {
  readonly keys: number
  readonly tokens: number
}

/** More keys, or more tokens, than any prompt needs that people read. */
export const DEFAULT_LIMITS: YamlLimits = { keys: 10_000, tokens: 100_000 }
