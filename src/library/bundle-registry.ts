import { type Bundle, parseBundle } from '../core/bundle.js'
import type { CompileOptions, Values } from '../core/compile.js'
import { type DeliveredPrompt, indexNames, summaryOf } from '../core/delivered.js'
import { notLive, parseDeliveredName } from '../core/delivered-name.js'
import { PromptctlError } from '../core/errors.js'
import type { WatchedFile } from './bundle-file.js'
import { createPrompt, type Prompt } from './prompt.js'
import type { GetOptions, ListOptions, PromptChange, WatchOptions } from './prompt-registry.js'
import { repeat } from './repeat.js'

const LOOK_MS = 1000

/** Prompts out of a bundle: neither git nor network. It is read again when it changes while somebody watches. */
export function createBundleRegistry(file: WatchedFile, environment: string | undefined) {
  let loaded = load(file, environment)
  const watchers = new Set<() => void>()

  const get = async (name: string, options: GetOptions = {}): Promise<Prompt> => {
    requireEnvironment(loaded.bundle, options.environment, file.path)
    const prompt = loaded.find(parseDeliveredName(name))
    if (prompt === undefined) throw notLive(name, loaded.bundle.environment)
    return prompt
  }
  const look = (): PromptChange | undefined => {
    if (!file.hasChanged()) return undefined
    const before = loaded
    loaded = load(file, environment)
    const slugs = changedSlugs(before.bundle, loaded.bundle)
    return slugs.length === 0 ? undefined : { environment: loaded.bundle.environment, slugs }
  }
  return {
    get,
    compile: async (name: string, values: Values = {}, options: GetOptions & CompileOptions = {}) =>
      (await get(name, options)).compile(values, options),
    list: async ({ environment: asked, tag }: ListOptions = {}) => {
      requireEnvironment(loaded.bundle, asked, file.path)
      const { prompts } = loaded.bundle
      return (tag === undefined ? prompts : prompts.filter(({ tags }) => tags.includes(tag))).map(summaryOf)
    },
    watch: (listener: (change: PromptChange) => void, { onError }: WatchOptions = {}) => {
      const stop = repeat(LOOK_MS, async () => look(), { onResult: listener, onError })
      watchers.add(stop)
      return stop
    },
    close: async () => {
      for (const stop of watchers) stop()
    },
  }
}

interface Loaded {
  readonly bundle: Bundle
  find(name: string): Prompt | undefined
}

function load(file: WatchedFile, environment: string | undefined): Loaded {
  const bundle = parseBundle(file.read(), file.path)
  requireEnvironment(bundle, environment, file.path)
  const names = indexNames(bundle.prompts)
  const prompts = new Map<DeliveredPrompt, Prompt>()
  return {
    bundle,
    find: (name) => {
      const delivered = names.get(name)
      if (delivered === undefined) return undefined
      const prompt = prompts.get(delivered) ?? createPrompt(delivered)
      prompts.set(delivered, prompt)
      return prompt
    },
  }
}

function requireEnvironment({ environment }: Bundle, asked: string | undefined, path: string): void {
  if (asked === undefined || asked === environment) return
  throw new PromptctlError('usage', `${path} is a bundle of ${environment}, and has nothing of ${asked}`, {
    hint: `promptctl bundle --env ${asked} makes one of that.`,
  })
}

function changedSlugs(before: Bundle, after: Bundle): readonly string[] {
  const old = new Map(before.prompts.map((prompt) => [prompt.slug, JSON.stringify(prompt)]))
  const changed: string[] = []
  for (const prompt of after.prompts) {
    if (old.get(prompt.slug) !== JSON.stringify(prompt)) changed.push(prompt.slug)
    old.delete(prompt.slug)
  }
  return [...changed, ...old.keys()].sort()
}
