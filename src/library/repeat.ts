export interface RepeatOptions<T> {
  readonly onResult: (result: T) => void
  readonly onError?: ((error: Error) => void) | undefined
}

/**
 * Does something again and again, one at a time, with a pause in between, until it is stopped, and reports what it finds.
 * What a listener throws is the listener's bug: it is thrown on, as an unhandled rejection. A process that does nothing
 * else still ends.
 */
export function repeat<T>(
  pauseMs: number,
  action: () => Promise<T | undefined>,
  { onResult, onError }: RepeatOptions<T>,
): () => void {
  let stopped = false
  let timer: NodeJS.Timeout
  const round = async (): Promise<void> => {
    const look = await action().then(
      (result) => () => {
        if (result !== undefined) onResult(result)
      },
      (error: unknown) => () => onError?.(error instanceof Error ? error : new Error(String(error))),
    )
    if (stopped) return
    schedule()
    look()
  }
  const schedule = (): void => {
    timer = setTimeout(round, pauseMs)
    timer.unref()
  }
  schedule()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
