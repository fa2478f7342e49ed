import { formatHunkHeader, type Hunk } from '../core/diff.js'
import { PromptctlError } from '../core/errors.js'
import { parseName } from '../core/reference.js'
import { type Environment, isEnvironment } from '../core/slug.js'
import { visibleLine } from '../core/visible.js'
import type { RangeDiff } from '../registry/diff-range.js'
import type { PromptDiff } from '../registry/diff-sides.js'
import { defineCommand, type Style } from './command.js'
import { formatMarkdown } from './diff-markdown.js'
import { booleanOption, environmentFlag, environmentOption, parseRange, textOption } from './options.js'

interface Request {
  readonly words: readonly string[]
  readonly environment: Environment | undefined
  readonly markdown: boolean
  /** Also say which prompts include what differs: for a reviewer, and a program. */
  readonly users: boolean
  readonly exitCode: boolean
  /** Every prompt that differs between the merge base and the head. */
  readonly range: { readonly base: string; readonly head: string } | undefined
}

interface Result {
  /** Of one prompt: not a list in JSON. */
  readonly single: boolean
  readonly diffs: readonly (PromptDiff | RangeDiff)[]
}

/** A number, or a commit. */
const VERSION = /^(?:[0-9]+|[0-9a-f]{7,64})$/

export const diff = defineCommand<Request, Result>({
  usage: 'diff [prompt] [a] [b]',
  summary: 'Compare versions or environments, word by word',
  examples: [
    'promptctl diff refund-email',
    'promptctl diff refund-email 3 7',
    'promptctl diff refund-email staging production',
    'promptctl diff staging production --format markdown',
    'promptctl diff --range origin/main..HEAD --format markdown',
  ],
  flags: (command) => {
    environmentFlag(command)
    command.option('--range <base..head>', 'every prompt file that a branch changed')
    command.option('--exit-code', 'exit 1 when there is a difference')
    command.option('--format <format>', 'text or markdown')
  },
  parse: (words, options) => {
    const format = textOption(options, 'format') ?? 'text'
    if (format !== 'text' && format !== 'markdown') {
      throw new PromptctlError('usage', `--format takes text or markdown, not ${JSON.stringify(format)}`)
    }
    const range = textOption(options, 'range')
    if (range === undefined && words.length === 0) {
      throw new PromptctlError('usage', 'Name a prompt, two environments, or a --range')
    }
    if (range !== undefined && (words.length > 0 || options['env'] !== undefined)) {
      throw new PromptctlError('usage', '--range compares every prompt, and takes none by name')
    }
    if (range === undefined) parseName(words[0] ?? '')
    return {
      words,
      environment: environmentOption(options),
      markdown: format === 'markdown',
      users: format === 'markdown' || booleanOption(options, 'json'),
      exitCode: booleanOption(options, 'exitCode'),
      range: range === undefined ? undefined : parseRange(range),
    }
  },
  run: async ({ words, environment, range, users }, context) => {
    const { diffEnvironments, diffPrompt } = await import('../registry/diff.js')
    const registry = await context.registry()
    if (range !== undefined) {
      const { diffRange } = await import('../registry/diff-range.js')
      return { single: false, diffs: await diffRange(registry, range.base, range.head) }
    }
    const [first = '', second, third] = words
    const names = (word: string): word is Environment =>
      isEnvironment(word) && registry.config.environments.includes(word)
    // Behind an environment a word is one too; one that there is not is refused as such.
    if (second !== undefined && third === undefined && names(first) && isEnvironment(second) && !VERSION.test(second)) {
      if (environment !== undefined) {
        throw new PromptctlError('usage', 'Two environments are compared by their names, and --env names a third', {
          hint: `promptctl diff ${first} ${second}`,
        })
      }
      return { single: false, diffs: await diffEnvironments(registry, first, second, users) }
    }
    const one = await diffPrompt(registry, { name: first, from: second, to: third, environment, users })
    return { single: true, diffs: [one] }
  },
  text: ({ diffs }, style, { markdown }) =>
    markdown ? formatMarkdown(diffs) : diffs.map((one) => formatDiff(one, style)).join('\n'),
  json: ({ single, diffs }) => (single ? diffs[0] : diffs),
  exit: ({ diffs }, { exitCode }) => (exitCode && diffs.some(({ changed }) => changed) ? 1 : 0),
})

function formatDiff({ slug, before, after, hunks, ...more }: PromptDiff | RangeDiff, style: Style): string {
  if (hunks.length === 0) return style.isTerminal ? `${slug}: no difference between ${before} and ${after}\n` : ''
  const where = 'environment' in more ? ` (${more.environment})` : ''
  const head = [`${style.bold(slug)}${where}`, style.red(`--- ${before}`), style.green(`+++ ${after}`)]
  return `${[...head, ...hunks.flatMap((hunk) => formatHunk(hunk, style))].join('\n')}\n`
}

const formatHunk = (hunk: Hunk, style: Style): readonly string[] => [
  style.cyan(formatHunkHeader(hunk)),
  ...hunk.lines.map((line) => {
    const paint = line.kind === 'removed' ? style.red : line.kind === 'added' ? style.green : style.dim
    const sign = line.kind === 'removed' ? '-' : line.kind === 'added' ? '+' : ' '
    // A line with no counterpart is new as a whole: marking each word of it would shout.
    const marks = line.segments.some(({ changed }) => !changed)
    const text = line.segments.map(({ text, changed }) => {
      const shown = visibleLine(text)
      return changed && marks ? style.marked(shown) : shown
    })
    return paint(`${sign}${text.join('')}`)
  }),
]
