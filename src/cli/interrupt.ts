/** What Ctrl-C does while a command runs. */
export interface Interrupt {
  /** Aborted by the first Ctrl-C or SIGTERM inside of `protect`; its reason is the name of that signal. */
  readonly signal: AbortSignal
  /** Runs what must not be cut off: a commit that is under way is undone first. A second Ctrl-C ends it all the same. */
  protect<T>(action: () => Promise<T>): Promise<T>
  /**
   * For what runs until it is told to end: from here on the first Ctrl-C or SIGTERM aborts this signal and cuts nothing off,
   * not even inside of `protect`; the second one ends the process.
   */
  untilStopped(): AbortSignal
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** The exit status of what a signal of that name ended: 128 and its number, as shells have it. */
export const statusOfSignal = (name: unknown): number => (name === 'SIGTERM' ? 143 : 130)

/** Outside of `protect` Ctrl-C ends the process at once, as if nobody listened. */
export function createInterrupt(process: NodeJS.Process): Interrupt {
  // Made when somebody asks: Node loads it for 1 ms.
  let controller: AbortController | undefined
  const protectedBy = (): AbortController => {
    controller ??= new AbortController()
    return controller
  }
  // One inside of another, as a gate inside of a commit, listens once: two would be two Ctrl-C.
  let depth = 0
  let stopped: AbortController | undefined
  const stopBy = (targetOf: () => AbortController) => (name: NodeJS.Signals) => {
    const target = targetOf()
    if (target.signal.aborted) process.exit(statusOfSignal(name))
    target.abort(name)
  }
  const stop = stopBy(protectedBy)
  return {
    get signal() {
      return protectedBy().signal
    },
    untilStopped: () => {
      if (stopped === undefined) {
        const controllerOfEnd = new AbortController()
        stopped = controllerOfEnd
        const end = stopBy(() => controllerOfEnd)
        process.on('SIGINT', end)
        process.on('SIGTERM', end)
      }
      return stopped.signal
    },
    protect: async (action) => {
      if (stopped !== undefined) return action()
      if (depth === 0) for (const signal of SIGNALS) process.on(signal, stop)
      depth += 1
      try {
        return await action()
      } finally {
        depth -= 1
        if (depth === 0) for (const signal of SIGNALS) process.off(signal, stop)
      }
    },
  }
}
