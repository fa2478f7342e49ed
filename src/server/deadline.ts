import { PromptctlError } from '../core/errors.js'
import type { Evaluator } from '../registry/ports.js'
import type { Registry } from '../registry/registry.js'

/** What all the test sets of one request have together, in milliseconds: who asks over HTTP waits no longer for models. */
export const EVALUATION_MS = 12_000

/** The registry of one request: its evaluations end when that time is over since the first began. */
export function withDeadline(registry: Registry, ms: number): Registry {
  let deadline: AbortSignal | undefined
  const evaluator = async (): Promise<Evaluator> => {
    const { evaluate } = await registry.evaluator()
    return {
      evaluate: (prepared, request) => {
        deadline ??= startDeadline(ms)
        return evaluate(prepared, { ...request, deadline })
      },
    }
  }
  return { ...registry, evaluator }
}

function startDeadline(ms: number): AbortSignal {
  const controller = new AbortController()
  const over = new PromptctlError('unavailable', `the ${ms / 1000} s that an evaluation has over HTTP were over`)
  setTimeout(() => controller.abort(over), ms).unref()
  return controller.signal
}
