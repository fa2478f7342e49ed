import { PromptctlError } from '../../core/errors.js'
import type { PromptFile } from '../../core/prompt-file.js'
import type { ProviderEntry } from '../test-set.js'
import { createEcho } from './echo.js'
import { createExec } from './exec.js'
import { createOpenAi } from './openai.js'
import type { Provider } from './provider.js'
import { readProviderId } from './provider-id.js'

/** What opening a provider takes of the world. */
export interface ProviderMeans {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where programs are started. */
  readonly cwd: string
  /** False where a program may not be started, and why. */
  readonly exec: 'allowed' | 'not allowed' | 'never'
  readonly prompt: PromptFile
  readonly timeoutMs: number
  readonly concurrency: number
}

/** Throws `usage` for an id that means nothing or lacks what it needs, and `forbidden` for a program that may not be started. */
export function openProvider({ id, label, config }: ProviderEntry, means: ProviderMeans): Provider {
  const read = readProviderId(id)
  if (typeof read === 'string') throw new PromptctlError('usage', read)
  switch (read.kind) {
    case 'echo':
      return createEcho(label)
    case 'exec':
      assertMayStart(id, means.exec)
      return createExec({ ...means, label, words: read.words })
    case 'openai': {
      const { OPENAI_BASE_URL: base } = means.env
      const key = means.env['OPENAI_API_KEY']?.trim()
      if (key && !/^[\x21-\x7e]+$/.test(key)) {
        throw new PromptctlError('usage', 'OPENAI_API_KEY holds characters that no key has')
      }
      if (!base && !key)
        throw new PromptctlError('usage', `${id} needs OPENAI_API_KEY, or OPENAI_BASE_URL for another endpoint`)
      return createOpenAi({
        ...means,
        label,
        config,
        model: read.model,
        baseUrl: base || 'https://api.openai.com/v1',
        key: key || undefined,
      })
    }
  }
}

/** For cases that have their answers with them: it needs no key and starts nothing. Throws `usage` for an id that means nothing. */
export function nameProvider({ id, label }: ProviderEntry): Provider {
  const read = readProviderId(id)
  if (typeof read === 'string') throw new PromptctlError('usage', read)
  return {
    label,
    call: async () => {
      throw new Error(`${label} was called for a case that has its answer`)
    },
  }
}

function assertMayStart(id: string, exec: ProviderMeans['exec']): void {
  if (exec === 'allowed') return
  throw new PromptctlError('forbidden', `${id} would start a program that a file of the repository names`, {
    hint:
      exec === 'never'
        ? 'Over HTTP no program is started.'
        : 'Where the repository is trusted, PROMPTCTL_EVAL_ALLOW_EXEC=1 allows it; --provider names one for this run.',
  })
}
