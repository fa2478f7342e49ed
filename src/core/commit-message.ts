import type { Change } from './lifecycle/change.js'

/** The command that a commit message begins with. */
export type Verb = 'new' | 'edit' | 'import' | 'publish' | 'promote' | 'archive' | 'rollback'

export interface MessageOptions {
  /** What `-m` says: the body of the message. */
  readonly reason?: string | undefined
  /** Hooks were skipped with --no-verify. */
  readonly unverified?: boolean
}

/**
 * The message of the commit that holds `changes`: a subject such as `publish(production): refund-email-3f8a2b1c`, the
 * reason, and trailers for programs. History is never read from them.
 */
export function formatCommitMessage(verb: Verb, changes: readonly Change[], options: MessageOptions = {}): string {
  const environments = [...new Set(changes.map(({ environment }) => environment))]
  const subject = `${verb}(${environments.join(',')}): ${changes.length === 1 ? changes[0]?.slug : `${changes.length} prompts`}`
  const body = options.reason?.trim()
  return `${[subject, ...(body ? [body] : []), formatTrailers(changes, options)].join('\n\n')}\n`
}

/** What a subject of ours is about, a slug or `3 prompts`; undefined for a subject that somebody wrote. */
export const parseOwnSubject = (subject: string): string | undefined =>
  /^(?:new|edit|import|publish|promote|archive|rollback)\([a-z0-9,-]+\): (.+)$/.exec(subject)?.[1]

/** The first line of the reason in a message of ours; undefined where none was given. */
export function parseReason(message: string): string | undefined {
  const [, ...body] = message.trimStart().split(/\n\s*\n/)
  const line = body[0]?.trimStart().split('\n', 1)[0]
  return line === undefined || line === '' || /^Prompt-[A-Z]/.test(line) ? undefined : line
}

function formatTrailers(changes: readonly Change[], { unverified = false }: MessageOptions): string {
  const lines = changes.flatMap(({ action, slug, environment, source, restores, evaluation: test }) => [
    `Prompt-Action: ${action}`,
    `Prompt-Slug: ${slug}`,
    `Prompt-Environment: ${environment}`,
    ...(source === undefined ? [] : [`Prompt-Source: ${source.environment} ${source.commit}`]),
    ...(restores === undefined ? [] : [`Prompt-Restores: ${restores.commit}`]),
    ...(test === undefined ? [] : [`Prompt-Eval: ${test.passed}/${test.total} ${test.digest}`]),
  ])
  return [...lines, ...(unverified ? ['Prompt-No-Verify: true'] : [])].join('\n')
}
