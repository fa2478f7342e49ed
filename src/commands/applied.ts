import type { Applied, ChangeRecord } from '../registry/apply.js'
import type { Context, Style } from './command.js'
import { displayName, displayVersion } from './display.js'
import { formatEvents, unsentNote } from './events.js'
import { paintAction } from './paint.js'

/** What --json prints of a change: an array if and only if several were asked for. */
export const appliedJson = (applied: Applied, several: boolean): unknown =>
  several ? applied.records : applied.records[0]

/** The same for prompts by name, or all of them. */
export const appliedToPrompts = (
  applied: Applied,
  { all, names }: { all: boolean; names: readonly string[] },
): unknown => appliedJson(applied, all || names.length > 1)

/** Says beside the result what has no place in it: that a push tells no webhook, and with --json what --all passed over. */
export function noteBeside(applied: Applied, { json }: { readonly json: boolean }, { note }: Context): Applied {
  const unsent = applied.push === undefined ? undefined : unsentNote(applied.push)
  if (unsent !== undefined) note(unsent)
  if (json) for (const line of passedOver(applied)) note(line)
  return applied
}

/**
 * One line a prompt, what --all passed over, and the commit:
 * `published  refund-email-3f8a2b1c  production  v7  (was v5)`.
 */
export function formatApplied(applied: Applied, style: Style): string {
  const lines: string[] = []
  if (applied.records.length === 0) lines.push('Nothing to do.')
  lines.push(...passedOver(applied).map((line) => style.dim(line)))
  if (applied.commit !== undefined) lines.push(style.dim(`commit ${applied.commit.slice(0, 12)}`))
  if (applied.push !== undefined) {
    lines.push(
      style.dim(`pushed to ${applied.push.remote}/${applied.push.branch}`),
      ...formatEvents(applied.push, style),
    )
  }
  if (applied.dryRun && applied.records.length > 0) lines.push(style.dim('Dry run: nothing was changed.'))
  for (const environment of applied.ungated ?? []) {
    lines.push(style.dim(`The gate of ${environment} was not run; promptctl eval runs the test sets.`))
  }
  const rows = applied.records.map((record) => cellsOf(record, applied.dryRun, style))
  return `${rows.length === 0 ? '' : style.table([], rows)}${lines.map((line) => `${line}\n`).join('')}`
}

function cellsOf(record: ChangeRecord, dryRun: boolean, style: Style): readonly string[] {
  const { slug, environment, action, version, previous_version, changed, provisional } = record
  const name = displayName(slug, style)
  if (!changed) return [style.dim('unchanged'), name, environment, displayVersion(version)]
  const notes = [
    previous_version === null ? '' : style.dim(`(was v${previous_version})`),
    provisional === true ? style.dim('provisional') : '',
  ].filter((note) => note !== '')
  const number = dryRun ? [] : [style.bold(displayVersion(version))]
  return [paintAction(action, style), name, environment, ...number, ...(notes.length > 0 ? [notes.join(' ')] : [])]
}

/** Groups what was passed over by its reason, and names a few. */
function passedOver({ skipped }: Applied): readonly string[] {
  const groups = new Map<string, string[]>()
  for (const { slug, reason } of skipped) groups.set(reason, [...(groups.get(reason) ?? []), slug])
  return [...groups].map(([reason, slugs]) => {
    const named = slugs.length <= 3 ? `: ${slugs.join(', ')}` : ''
    return `passed over ${slugs.length} (${reason})${named}`
  })
}
