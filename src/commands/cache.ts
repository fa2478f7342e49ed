import { PromptctlError } from '../core/errors.js'
import type { CacheReport } from '../registry/cache.js'
import { defineCommand } from './command.js'

export const cache = defineCommand<{ clear: boolean }, CacheReport>({
  usage: 'cache [action]',
  summary: 'Show how large the caches are, or clear them',
  examples: ['promptctl cache', 'promptctl cache clear'],
  parse: ([action]) => {
    if (action === undefined || action === 'clear') return { clear: action === 'clear' }
    throw new PromptctlError('usage', `cache takes clear, or nothing, and not ${JSON.stringify(action)}`)
  },
  run: async (request, context) => {
    const { inspectCache } = await import('../registry/cache.js')
    return inspectCache(await context.registry(), request)
  },
  text: ({ size, caches, cleared }) => {
    const what = caches.length === 0 ? 'nothing is cached' : `${formatSize(size)}: ${caches.join(', ')}`
    return `${cleared && caches.length > 0 ? 'cleared ' : ''}${what}\n`
  },
})

const formatSize = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`
