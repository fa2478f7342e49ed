import { diffHunks, formatHunkHeader } from '../core/diff.js'
import type { AssertionResult, CaseResult, Evaluation, Turn } from '../core/evaluation.js'
import { visibleLine, visibleText } from '../core/visible.js'
import type { Style } from './command.js'
import type { EvaluationReport } from './eval.js'
import { formatGithub } from './github.js'

/** A table of the cases, what failed and why, what turned, and the sums. */
export function formatEvaluationText(
  { evaluations, problems, base, comparison }: EvaluationReport,
  style: Style,
): string {
  const parts = evaluations.map((evaluation) => formatOne(evaluation, base, style))
  if (base !== undefined) parts.push(`${style.dim(`compared with ${nameOf(base)}:`)} ${sumsOf(base)}\n`)
  if (comparison !== undefined) {
    parts.push(formatTurns('better', comparison.better, style.green), formatTurns('worse', comparison.worse, style.red))
  }
  for (const { file, line, column, message } of problems) {
    parts.push(`${style.red('error')} ${visibleLine(file)}:${line}:${column}: ${visibleLine(message)}\n`)
  }
  if (evaluations.length === 0 && problems.length === 0) parts.push('Nothing to evaluate.\n')
  return parts.join('')
}

function formatOne(evaluation: Evaluation, base: Evaluation | undefined, style: Style): string {
  const { cases, interrupted, set } = evaluation
  const failures = cases.filter(({ pass }) => !pass)
  const why = failures.map((one) => `${formatFailure(one, set, style)}\n`).join('')
  const stopped = interrupted ? `${style.yellow('Interrupted: what had no answer counts as failed.')}\n` : ''
  const sums = `${style.bold(nameOf(evaluation))}: ${sumsOf(evaluation)}\n`
  return `${formatCases(evaluation, base, style)}${why === '' ? '' : `\n${why}`}${stopped}${sums}`
}

/** A row a case, a column a provider; with --compare what was before beside it. */
function formatCases({ cases, providers }: Evaluation, base: Evaluation | undefined, style: Style): string {
  const width = Math.max(1, providers.length)
  const names = cases.slice(0, width).map(({ provider }) => visibleLine(provider))
  const header = ['', 'case', ...(base === undefined ? names : names.flatMap((name) => [`${name}, before`, name]))]
  const rows: string[][] = []
  for (let index = 0; index < cases.length; index += width) {
    const row = cases.slice(index, index + width)
    const [first] = row
    if (first === undefined) break
    const cells = row.flatMap((one, column) => {
      const before = base?.cases[index + column]
      return before === undefined ? [verdictOf(one, style)] : [verdictOf(before, style), verdictOf(one, style)]
    })
    rows.push([String(first.case), titleOf(first), ...cells])
  }
  return style.table(header, rows)
}

const verdictOf = ({ pass, error, score }: CaseResult, style: Style): string => {
  if (pass) return style.green('pass')
  if (error !== null) return style.red('error')
  return `${style.red('fail')}${score > 0 ? ` ${Math.round(score * 100) / 100}` : ''}`
}

/** The description; else the values. */
function titleOf({ description, vars }: CaseResult): string {
  if (description !== null) return visibleLine(description)
  const values = Object.entries(vars).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return visibleLine(values.join(' ').slice(0, 80))
}

const MOST_OUTPUT = 600

function formatFailure(one: CaseResult, set: string, style: Style): string {
  const place = style.dim(`${visibleLine(set)}:${one.line ?? 1}:${one.column ?? 1}`)
  const head = `${one.error === null ? style.red('fail') : style.red('error')} ${one.case} ${titleOf(one)} ${style.dim(`(${visibleLine(one.provider)})`)} ${place}`
  const failed = one.assertions.flatMap((result) => [result, ...(result.assertions ?? [])]).filter(({ pass }) => !pass)
  const reasons = failed.length === 0 ? [one.reason ?? ''] : failed.map(({ type, reason }) => `${type}: ${reason}`)
  const lines = reasons.map((reason) => `  ${visibleLine(reason)}`)
  return [head, ...lines, ...formatAnswer(one, failed, style)].join('\n')
}

/** What was wanted and what came, line by line, where a whole text was wanted; else the answer itself. */
function formatAnswer({ output }: CaseResult, failed: readonly AssertionResult[], style: Style): readonly string[] {
  if (output === null) return []
  const whole = failed.find(
    ({ type, value }) => WHOLE.has(type) && typeof value === 'string' && value.length <= MOST_OUTPUT,
  )
  if (whole === undefined || output.length > MOST_OUTPUT) {
    const shown = visibleText(output.slice(0, MOST_OUTPUT).replace(/\n$/, '')).split('\n')
    const cut = output.length > MOST_OUTPUT ? [style.dim(`  … ${output.length} characters`)] : []
    return [...shown.map((line) => `  ${style.dim('│')} ${line}`), ...cut]
  }
  return diffHunks(withLineEnd(String(whole.value)), withLineEnd(output)).flatMap((hunk) => [
    style.cyan(`  ${formatHunkHeader(hunk)}`),
    ...hunk.lines.map(({ kind, segments }) => {
      const text = segments.map((segment) => visibleLine(segment.text)).join('')
      const paint = kind === 'removed' ? style.red : kind === 'added' ? style.green : style.dim
      return paint(`  ${kind === 'removed' ? '-' : kind === 'added' ? '+' : ' '}${text}`)
    }),
  ])
}

const withLineEnd = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`)

const WHOLE: ReadonlySet<string> = new Set(['equals', 'levenshtein'])

function formatTurns(word: string, turns: readonly Turn[], paint: (text: string) => string): string {
  return turns
    .map(({ case: number, description, provider, reason }) => {
      const title = description === null ? `case ${number}` : `${number} ${visibleLine(description)}`
      return `${paint(word)} ${title} (${visibleLine(provider)}): ${visibleLine(reason ?? '')}\n`
    })
    .join('')
}

/** `refund-email-3f8a2b1c v7 (production)` */
const nameOf = ({ slug, environment, version }: Evaluation): string =>
  `${slug}${version === null ? '' : ` v${version}`} (${environment})`

/** `12 of 12 passed, 340 tokens, $0.0012, 2.1 s` */
function sumsOf({ passed, total, errors, tokens, cost, duration_ms }: Evaluation): string {
  return [
    `${passed} of ${total} passed`,
    ...(errors > 0 ? [`${errors} with errors`] : []),
    ...(tokens.total > 0 ? [`${tokens.total} tokens`] : []),
    ...(cost !== null && cost > 0 ? [`$${Number(cost.toFixed(6))}`] : []),
    duration_ms < 1000 ? `${duration_ms} ms` : `${(duration_ms / 1000).toFixed(1)} s`,
  ].join(', ')
}

/** Annotations beside the tests that fail, and beside what cannot be run. */
export function formatEvaluationGithub({ evaluations, problems, prefix }: EvaluationReport): string {
  const findings = [
    ...problems.map(({ code, ...place }) => ({ ...place, rule: code, severity: 'error' as const })),
    ...evaluations.flatMap(({ cases, set, environment }) =>
      cases
        .filter(({ pass }) => !pass)
        .map((one) => ({
          rule: 'eval',
          severity: 'error' as const,
          file: set,
          line: one.line ?? 1,
          column: one.column ?? 1,
          message: `${titleOf(one)} (${environment}, ${one.provider}): ${one.reason ?? ''}`,
        })),
    ),
  ]
  return formatGithub(findings, prefix)
}

/** For a pull request or a job's page. */
export function formatEvaluationMarkdown({ evaluations, problems, base, comparison }: EvaluationReport): string {
  const parts = ['## Evaluation\n']
  if (evaluations.length === 0 && problems.length === 0) parts.push('Nothing to evaluate.\n')
  if (evaluations.length > 0) parts.push(formatSummary([...evaluations, ...(base === undefined ? [] : [base])]))
  for (const evaluation of evaluations) parts.push(...formatFailures(evaluation))
  if (comparison !== undefined)
    parts.push(formatTurnList('Better', comparison.better), formatTurnList('Worse', comparison.worse))
  if (problems.length > 0) {
    const lines = problems.map(
      ({ file, line, column, message }) => `- ${code(`${file}:${line}:${column}`)}: ${escapeMarkdown(message)}`,
    )
    parts.push(`Not evaluated:\n\n${lines.join('\n')}\n`)
  }
  return parts.filter((part) => part !== '').join('\n')
}

function formatSummary(evaluations: readonly Evaluation[]): string {
  const rows = evaluations.map((one) => {
    const cells = [
      code(one.slug),
      one.environment,
      one.version === null ? '' : `v${one.version}`,
      `${one.passed} of ${one.total}`,
    ]
    const cost = one.cost === null ? '' : `$${Number(one.cost.toFixed(6))}`
    return `| ${one.failed === 0 ? '✅' : '❌'} | ${cells.join(' | ')} | ${one.tokens.total} | ${cost} | ${one.duration_ms} ms |`
  })
  return `| | prompt | environment | version | passed | tokens | cost | time |\n| --- | --- | --- | --- | --- | ---: | ---: | ---: |\n${rows.join('\n')}\n`
}

/** So many cases of one prompt are shown: a job's page has a limit. */
const MOST_FAILURES = 50

function formatFailures({ slug, set, cases }: Evaluation): readonly string[] {
  const failures = cases.filter(({ pass }) => !pass)
  if (failures.length === 0) return []
  const lines = failures
    .slice(0, MOST_FAILURES)
    .map(
      (one) =>
        `- ${code(`${set}:${one.line ?? 1}`)} ${escapeMarkdown(titleOf(one))} (${escapeMarkdown(one.provider)}): ${escapeMarkdown(one.reason ?? '')}`,
    )
  const more = failures.length > MOST_FAILURES ? [`- and ${failures.length - MOST_FAILURES} more`] : []
  return [
    `<details open><summary>${slug}: ${failures.length} failed</summary>\n\n${[...lines, ...more].join('\n')}\n\n</details>\n`,
  ]
}

const formatTurnList = (word: string, turns: readonly Turn[]): string =>
  turns.length === 0
    ? ''
    : `${word}:\n\n${turns.map(({ case: number, description, provider }) => `- ${number} ${escapeMarkdown(description ?? '')} (${escapeMarkdown(provider)})`).join('\n')}\n`

/** In a table's cell or a line: a backtick or a bar would end it. */
const code = (text: string): string => `\`${visibleLine(text).replace(/[`|]/g, '')}\``

/** Text that Markdown or HTML would take for markup. */
const escapeMarkdown = (text: string): string => visibleLine(text).replace(/[\\`*_{}[\]<>#|@!&]/g, '\\$&')
