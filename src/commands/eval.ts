import { PromptctlError } from '../core/errors.js'
import type { Comparison, Evaluation } from '../core/evaluation.js'
import { parseReference, type Reference } from '../core/reference.js'
import type { Environment } from '../core/slug.js'
import type { EvaluatedAll, EvaluationProblem } from '../registry/evaluate-all.js'
import { type Context, defineCommand, type Options } from './command.js'
import { formatEvaluationGithub, formatEvaluationMarkdown, formatEvaluationText } from './eval-report.js'
import {
  booleanOption,
  collect,
  countOption,
  environmentFlag,
  environmentOption,
  listOption,
  textOption,
} from './options.js'

const FORMATS = ['text', 'json', 'markdown', 'github'] as const
type Format = (typeof FORMATS)[number]

const HELP = `
A test set, evals/<slug>.yaml, in promptfoo's words:
  providers: [echo]                # or openai:<model>; echo answers with the prompt itself
  tests:
    - description: names the customer
      vars: {customer: [Ada, Grace], days: 5}    # a case each
      assert: [{type: contains, value: "{{customer}}"}]

Assertions, each also with not- before it:
  equals, contains, icontains, contains-any, contains-all, icontains-any,
  icontains-all, starts-with, regex, is-json, contains-json, word-count,
  levenshtein, latency, cost; and assert-set, which holds others`

interface Request {
  /** Undefined with --all. */
  readonly ref: Reference | undefined
  readonly environment: Environment | undefined
  readonly live: boolean
  readonly providers: readonly string[] | undefined
  readonly compare: string | undefined
  readonly changedSince: string | undefined
  readonly output: string | undefined
  readonly summary: string | undefined
  readonly format: Format
  readonly concurrency: number | undefined
  readonly timeoutMs: number | undefined
  /** Whether anybody asks which version it was. */
  readonly identify: boolean
}

/** What was evaluated, as every format shows it. */
export interface EvaluationReport {
  readonly single: boolean
  readonly evaluations: readonly Evaluation[]
  readonly problems: readonly EvaluationProblem[]
  /** With --compare: what it was compared with, and what turned. */
  readonly base: Evaluation | undefined
  readonly comparison: Comparison | undefined
  /** The registry's folder in the repository, for annotations. */
  readonly prefix: string
}

export const evalCommand = defineCommand<Request, EvaluationReport>({
  usage: 'eval [prompt]',
  summary: 'Try a prompt with the cases of its test set',
  examples: [
    'promptctl eval refund-email',
    'promptctl eval refund-email --provider openai:gpt-4o-mini --provider openai:gpt-4o',
    'promptctl eval refund-email --compare production',
    'promptctl eval --all --changed-since origin/main --format github',
  ],
  flags: (command) => {
    environmentFlag(command)
    command
      .option('--live', 'what the environment serves, and not the file')
      .option('--provider <provider>', 'echo, openai:<model> or exec:<command>; may be given several times', collect)
      .option('--compare <version>', 'also a version, a revision of git, or what is live in an environment')
      .option('-a, --all', 'every prompt that has a test set')
      .option('--changed-since <revision>', 'with --all: only what a branch changed')
      .option('--output <file>', "write the results there, in promptfoo's shape")
      .option('--summary <file>', 'also write the result there as Markdown')
      .option('--concurrency <number>', 'calls at once (default: 4)')
      .option('--timeout <seconds>', 'for one call (default: 60)')
      .option('--format <format>', FORMATS.join(', '))
      .addHelpText('after', HELP)
  },
  parse: (words, options) => parseRequest(words, options),
  run: async (request, context) => {
    for (const path of [request.output, request.summary]) if (path !== undefined) context.probeFile(path)
    return request.ref === undefined ? runAll(request, context) : runOne(request, request.ref, context)
  },
  text: (report, style, { format }) => {
    if (format === 'json') return `${JSON.stringify(jsonOf(report))}\n`
    if (format === 'markdown') return formatEvaluationMarkdown(report)
    return format === 'github' ? formatEvaluationGithub(report) : formatEvaluationText(report, style)
  },
  json: jsonOf,
  after: async (report, { output, summary }, context) => {
    if (output !== undefined) {
      const { formatPromptfoo } = await import('./eval-promptfoo.js')
      context.writeFile(output, formatPromptfoo(report.evaluations, context.now()))
    }
    if (summary !== undefined) context.writeFile(summary, formatEvaluationMarkdown(report))
  },
  exit: ({ evaluations, problems }) =>
    problems.length > 0 || evaluations.some(({ failed, interrupted }) => failed > 0 || interrupted) ? 1 : 0,
})

function parseRequest(words: readonly string[], options: Options): Request {
  const [text] = words
  const all = booleanOption(options, 'all')
  const format = parseFormat(textOption(options, 'format'))
  const [output, compare] = [textOption(options, 'output'), textOption(options, 'compare')]
  const providers = listOption(options, 'provider')
  const timeout = countOption(options, 'timeout')
  const ref = text === undefined ? undefined : parseReference(text)
  const request = {
    ref,
    environment: environmentOption(options),
    live: booleanOption(options, 'live'),
    providers: providers.length === 0 ? undefined : providers,
    compare,
    changedSince: textOption(options, 'changedSince'),
    output,
    summary: textOption(options, 'summary'),
    format,
    concurrency: countOption(options, 'concurrency'),
    timeoutMs: timeout === undefined ? undefined : timeout * 1000,
    identify:
      booleanOption(options, 'json') ||
      format !== 'text' ||
      [output, compare, ref?.at].some((asked) => asked !== undefined),
  }
  checkRequest(request, all)
  return request
}

function checkRequest({ ref, live, compare, changedSince }: Request, all: boolean): void {
  if (all === (ref !== undefined)) {
    throw new PromptctlError('usage', all ? '--all takes no prompt by name' : 'Name a prompt, or say --all', {
      hint: 'promptctl eval refund-email',
    })
  }
  if (all && (live || compare !== undefined))
    throw new PromptctlError('usage', '--live and --compare take one prompt, by name')
  if (!all && changedSince !== undefined) throw new PromptctlError('usage', '--changed-since goes with --all')
  if (live && ref?.at !== undefined) throw new PromptctlError('usage', '--live and a version exclude each other')
}

function parseFormat(text: string | undefined): Format {
  const format = FORMATS.find((known) => known === (text ?? 'text'))
  if (format !== undefined) return format
  throw new PromptctlError('usage', `--format takes ${FORMATS.join(', ')}, not ${JSON.stringify(text)}`)
}

async function runOne(request: Request, ref: Reference, context: Context): Promise<EvaluationReport> {
  const { evaluate } = await import('../registry/evaluate.js')
  const registry = await context.registry()
  const prefix = request.format === 'github' ? (await registry.git()).prefix : ''
  const { evaluation, base, comparison } = await evaluate(registry, { ...request, ref })
  return { single: true, evaluations: [evaluation], problems: [], base, comparison, prefix }
}

async function runAll(request: Request, context: Context): Promise<EvaluationReport> {
  const { evaluateAll } = await import('../registry/evaluate-all.js')
  const registry = await context.registry()
  const prefix = request.format === 'github' ? (await registry.git()).prefix : ''
  const found: EvaluatedAll = await evaluateAll(registry, request)
  return { ...found, single: false, base: undefined, comparison: undefined, prefix }
}

function jsonOf({ single, evaluations, problems, base, comparison }: EvaluationReport): unknown {
  if (!single) return { evaluations, problems }
  return base === undefined ? evaluations[0] : { ...evaluations[0], compared_with: base, ...comparison }
}
