export type { CompileOptions, Values } from './core/compile.js'
export { ERROR_CODES, type ErrorCode, type ErrorOptions, isPromptctlError, PromptctlError } from './core/errors.js'
export type { Message, MessageItem, PromptFile, State, VariableSchema } from './core/prompt-file.js'
export type { Variable } from './core/variables.js'
export type { FilesOptions, GitGetOptions, GitRegistry } from './library/git-registry.js'
export {
  type OpenBundleOptions,
  type OpenDirOptions,
  type OpenRegistryOptions,
  type OpenUrlOptions,
  openRegistry,
} from './library/open-registry.js'
export type { Prompt } from './library/prompt.js'
export type {
  GetOptions,
  ListOptions,
  PromptChange,
  PromptName,
  PromptRegistry,
  PromptSummary,
  ValuesOf,
  WatchOptions,
} from './library/prompt-registry.js'
export type * from './library/prompts.js'
export type { ListedPrompt } from './registry/list.js'
export type { LogEntry } from './registry/log.js'
export { type ReceivedMessage, verifySignature } from './webhook/signature.js'
