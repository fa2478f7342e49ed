import { relative, resolve, sep } from 'node:path'
import { PromptctlError } from '../core/errors.js'
import { type Finding, RULES } from '../core/lint/rules.js'
import { visibleLine, wrapText } from '../core/visible.js'
import type { LintResult, LintScope } from '../registry/lint.js'
import { type Context, defineCommand, type Options, type Style } from './command.js'
import { formatGithub } from './github.js'
import { booleanOption, parseRange, textOption } from './options.js'

const FORMATS = ['text', 'json', 'github'] as const
type Format = (typeof FORMATS)[number]

/** `received`: what a pre-receive hook is told on standard input. */
type Scope = LintScope | { readonly kind: 'received' }

interface Request {
  readonly scope: Scope
  readonly format: Format
}

interface Result extends LintResult {
  /** The registry's folder in the repository, for annotations. */
  readonly prefix: string
}

export const lint = defineCommand<Request, Result>({
  usage: 'lint [paths...]',
  summary: 'Check files, what is staged, or a range of commits',
  examples: ['promptctl lint', 'promptctl lint --staged', 'promptctl lint --range origin/main..HEAD --format github'],
  flags: (command) => {
    command.option('--staged', 'check what is staged, and the step from HEAD')
    command.option('--range <base..head>', 'check what a branch changed, and the step')
    command.option('--pre-receive', "read git's `old new ref` lines, as a pre-receive hook")
    command.option('--format <format>', `${FORMATS.join(', ')}`)
    command.addHelpText('after', () => `Rules (* a warning; all others are errors):\n${formatRules()}`)
  },
  parse: (words, options) => ({
    scope: parseScope(words, options),
    format: parseFormat(textOption(options, 'format')),
  }),
  run: async ({ scope, format }, context) => {
    if (scope.kind === 'received') return { ...(await lintPushed(context)), prefix: '' }
    const { lint: lintRegistry } = await import('../registry/lint.js')
    const registry = await context.registry()
    const root = registry.workTree?.root
    const relativeScope =
      scope.kind === 'work-tree' && root !== undefined
        ? { ...scope, paths: scope.paths.map((path) => pathBelow(root, resolve(context.directory, path), path)) }
        : scope
    const result = await lintRegistry(registry, relativeScope)
    return { ...result, prefix: format === 'github' ? (await registry.git()).prefix : '' }
  },
  text: (result, style, { format }) => {
    if (format === 'json') return `${JSON.stringify(jsonOf(result))}\n`
    return format === 'github' ? formatGithub(result.findings, result.prefix) : formatText(result, style)
  },
  json: (result) => jsonOf(result),
  exit: ({ errors }) => (errors > 0 ? 1 : 0),
})

function formatRules(): string {
  const width = Math.max(...Object.keys(RULES).map((rule) => rule.length)) + 1
  const lines = Object.entries(RULES).map(([rule, { severity, summary }]) => {
    const name = severity === 'warning' ? `${rule}*` : rule
    return `  ${name.padEnd(width)}  ${summary}`
  })
  return lines.join('\n')
}

async function lintPushed(context: Context): Promise<LintResult> {
  const { lintReceived } = await import('../registry/lint-received.js')
  return lintReceived(Buffer.from(await context.readInput('-')).toString('utf8'), await context.receiving())
}

const jsonOf = ({ errors, warnings, findings }: Result): LintResult => ({ errors, warnings, findings })

function parseScope(words: readonly string[], options: Options): Scope {
  const staged = booleanOption(options, 'staged')
  const range = textOption(options, 'range')
  const received = booleanOption(options, 'preReceive')
  if ([staged, received, range !== undefined, words.length > 0].filter(Boolean).length > 1) {
    throw new PromptctlError('usage', 'Paths, --staged, --range and --pre-receive exclude each other')
  }
  if (received) return { kind: 'received' }
  if (staged) return { kind: 'staged' }
  if (range === undefined) return { kind: 'work-tree', paths: words }
  return { kind: 'range', ...parseRange(range) }
}

function parseFormat(text: string | undefined): Format {
  const format = FORMATS.find((known) => known === (text ?? 'text'))
  if (format !== undefined) return format
  throw new PromptctlError('usage', `--format takes ${FORMATS.join(', ')}, not ${JSON.stringify(text)}`)
}

function pathBelow(root: string, absolute: string, given: string): string {
  const path = relative(root, absolute).split(sep).join('/')
  if (path === '..' || path.startsWith('../')) {
    throw new PromptctlError('usage', `${given} is outside of the registry`, { hint: `The registry is ${root}.` })
  }
  return path
}

/** Nothing at all when nothing is found and nobody looks: hooks and pipes stay quiet. */
function formatText({ errors, warnings, findings }: Result, style: Style): string {
  if (findings.length === 0) return style.isTerminal ? style.green('No findings.\n') : ''
  if (!style.isTerminal) return findings.map((finding) => `${formatLine(finding, style)}\n`).join('')
  const sum = [
    errors > 0 ? style.red(count(errors, 'error')) : count(errors, 'error'),
    warnings > 0 ? style.yellow(count(warnings, 'warning')) : count(warnings, 'warning'),
  ]
  return `${findings.map((finding) => `${formatFinding(finding, style)}\n`).join('\n')}\n${sum.join(', ')}\n`
}

const paintSeverity = (severity: Finding['severity'], style: Style): string =>
  severity === 'error' ? style.red(severity) : style.yellow(severity)

/** As compilers do, so that editors find the place. */
const formatLine = ({ rule, severity, file, line, column, message }: Finding, style: Style): string =>
  `${visibleLine(file)}:${line}:${column}: ${paintSeverity(severity, style)}: ${visibleLine(message)} [${rule}]`

/** For a person: the place, which terminals make a link of, and below it what is wrong. */
function formatFinding({ rule, severity, file, line, column, message }: Finding, style: Style): string {
  const lines = wrapText(visibleLine(message), style.columns - 2).map((text) => `  ${text}`)
  return [
    `${paintSeverity(severity, style)} ${rule} ${style.dim(`${visibleLine(file)}:${line}:${column}`)}`,
    ...lines,
  ].join('\n')
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`
