export interface RepeatOptions<T> {
  readonly onResult: (result: T) => void
  readonly onError?: ((error: Error) => void) | undefined
}

/**
 * Does something again and again, one at a time, with a pause in between, until it is stopped; what it finds is told. A process
 * that does nothing else still ends.
 */
export function repeat<T>(
  pauseMs: number,
  action: () => Promise<T | undefined>,
  { onResult, onError }: RepeatOptions<T>,
): () => void {
  let stopped = false
  let timer: NodeJS.Timeout
  const round = async (): Promise<void> => {
    try {
      const result = await action()
      if (result !== undefined && !stopped) onResult(result)
    } catch (error) {
      if (!stopped) onError?.(error instanceof Error ? error : new Error(String(error)))
    }
    if (!stopped) schedule()
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
