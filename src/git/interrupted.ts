import { PromptctlError } from '../core/errors.js'

/** The failure of a write that was told to end: `unavailable`. The reason of the signal says by what; Ctrl-C where it says nothing. */
export function interrupted(signal: AbortSignal | undefined): PromptctlError {
  const name = signal?.reason === 'SIGTERM' ? 'SIGTERM' : 'SIGINT'
  return new PromptctlError(
    'unavailable',
    `Interrupted by ${name}: nothing was committed, and the files are as they were`,
    { details: { signal: name } },
  )
}
