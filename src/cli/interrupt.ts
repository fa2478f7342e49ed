/** What Ctrl-C does while a command runs. */
export interface Interrupt {
  /** Aborted by the first Ctrl-C inside of `protect`. */
  readonly signal: AbortSignal
  /** Runs what must not be cut off: a commit that is under way is undone first. A second Ctrl-C ends it all the same. */
  protect<T>(action: () => Promise<T>): Promise<T>
}

/** 128 and the number of the signal, as shells have it. */
export const EXIT_INTERRUPTED = 130

/** Outside of `protect` Ctrl-C ends the process at once, as if nobody listened. */
export function createInterrupt(process: NodeJS.Process): Interrupt {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED)
    controller.abort()
  }
  return {
    signal: controller.signal,
    protect: async (action) => {
      process.on('SIGINT', stop)
      process.on('SIGTERM', stop)
      try {
        return await action()
      } finally {
        process.off('SIGINT', stop)
        process.off('SIGTERM', stop)
      }
    },
  }
}
