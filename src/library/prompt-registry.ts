import type { CompileOptions, Values } from '../core/compile.js'
import type { Message } from '../core/prompt-file.js'
import type { Given, Prompt } from './prompt.js'
import type { Prompts } from './prompts.js'

/** A whole slug, a UUID or an alias; those that are known are suggested. */
export type PromptName = keyof Prompts | (string & {})

/** What a prompt of that name is compiled with. */
export type ValuesOf<Name extends PromptName> = Name extends keyof Prompts ? Prompts[Name] : Values

export interface GetOptions {
  /** In place of the one that the registry was opened with. A bundle has no other. */
  readonly environment?: string
}

export interface ListOptions extends GetOptions {
  readonly tag?: string
}

/** What is live under a slug. */
export interface PromptSummary {
  readonly id: string
  readonly slug: string
  readonly title: string
  readonly description: string | null
  readonly tags: readonly string[]
  readonly aliases: readonly string[]
  readonly environment: string
  /** Null in a shallow clone. */
  readonly version: number | null
}

/** Prompts that an environment serves otherwise than before, or no longer. */
export interface PromptChange {
  readonly environment: string
  /** In byte order. */
  readonly slugs: readonly string[]
}

export interface WatchOptions {
  /** Told why a look failed; what was known goes on being served, and it is looked again. */
  readonly onError?: (error: Error) => void
}

/** What an environment serves, out of a git repository, a bundle or a server. */
export interface PromptRegistry<Options extends GetOptions = GetOptions> {
  /** What is live under that name. Throws PromptctlError `not_found` when that is nothing, `usage` for what is no name. */
  get<Name extends PromptName>(name: Name, options?: Options): Promise<Prompt<ValuesOf<Name>>>
  /** `get` and `compile` in one step. */
  compile<Name extends PromptName>(
    name: Name,
    ...rest: Given<ValuesOf<Name>, Options & CompileOptions>
  ): Promise<string | Message[]>
  /** What is live, in byte order of the slugs. */
  list(options?: ListOptions): Promise<readonly PromptSummary[]>
  /** Calls when prompts changed; what it gives back ends that. A process that does nothing else still ends. */
  watch(listener: (change: PromptChange) => void, options?: WatchOptions): () => void
  close(): Promise<void>
}
