import type { Hunk } from '../core/diff.js'
import { formatHunkHeader } from '../core/diff.js'
import { visibleLine } from '../core/visible.js'
import type { RangeDiff } from '../registry/diff-range.js'
import type { PromptDiff } from '../registry/diff-sides.js'

/** For a pull request: of each prompt the file, and what comes out of it, before and after. */
export function formatMarkdown(diffs: readonly (PromptDiff | RangeDiff)[]): string {
  const changed = diffs.filter((one) => one.changed)
  if (changed.length === 0) return 'No prompt changed.\n'
  return changed.map(formatOne).join('\n')
}

function formatOne(diff: PromptDiff | RangeDiff): string {
  const { slug, title, before, after, hunks, compiled, included_by: users = [], ...more } = diff
  const where = 'environment' in more ? `${more.environment}, ` : ''
  const head = `### ${escapeMarkdown(title)}\n\n\`${slug}\`: ${where}${escapeMarkdown(before)} → ${escapeMarkdown(after)}\n${formatUsers(users)}`
  const file = fence(hunks)
  const output =
    compiled === null || compiled.length === 0
      ? ''
      : `\n<details><summary>Compiled, with the examples</summary>\n\n${fence(compiled)}\n</details>\n`
  return `${head}\n${file}${output}`
}

const formatUsers = (slugs: readonly string[]): string =>
  slugs.length === 0 ? '' : `\nIncluded by ${slugs.map((slug) => `\`${slug}\``).join(', ')}.\n`

/** A fence longer than any run of backticks inside, so that no prompt closes it. */
function fence(hunks: readonly Hunk[]): string {
  const body = hunks.map((hunk) => `${[formatHunkHeader(hunk), ...hunk.lines.map(formatLine)].join('\n')}\n`).join('')
  const longest = Math.max(2, ...[...body.matchAll(/`+/g)].map(([run]) => run.length))
  const ticks = '`'.repeat(longest + 1)
  return `${ticks}diff\n${body}${ticks}\n`
}

const SIGN = { context: ' ', removed: '-', added: '+' } as const

const formatLine = ({ kind, segments }: Hunk['lines'][number]): string =>
  `${SIGN[kind]}${segments.map(({ text }) => visibleLine(text)).join('')}`

/** Text that Markdown or HTML would take for markup. */
const escapeMarkdown = (text: string): string => visibleLine(text).replace(/[\\`*_{}[\]<>#|@!&]/g, '\\$&')
