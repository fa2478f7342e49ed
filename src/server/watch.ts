import type { ServerContext } from './context.js'

/** How often the reference is looked at; a look reads a small file, and ten of them take 3 ms of a core. */
const LOOK_MS = 100
/** After a failure, so that a repository that is broken does not keep a core busy. */
const LOOK_AGAIN_MS = 2_000

/** Follows the branch, whoever moves it, until the signal; what fails leaves the old prompts in place. */
export async function watch({ source, health }: ServerContext, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const failed = await look()
    await sleep(failed ? LOOK_AGAIN_MS : LOOK_MS, signal)
  }

  async function look(): Promise<boolean> {
    try {
      await source.refresh()
      health.worked('load')
      return false
    } catch (error) {
      health.failed('load', error)
      return true
    }
  }
}

/** Resolves after that time, or when the signal comes. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      done()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
  })
}
