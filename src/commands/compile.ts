import type { PreparedPrompt, Values } from '../core/compile.js'
import { PromptctlError } from '../core/errors.js'
import { convertVariables } from '../core/given-values.js'
import type { Message } from '../core/prompt-file.js'
import { parseReference, type Reference } from '../core/reference.js'
import type { Environment } from '../core/slug.js'
import { visibleLine, visibleText } from '../core/visible.js'
import type { Compiled, CompiledIdentity } from '../registry/compile.js'
import type { CompileSummary } from '../registry/compile-all.js'
import { type Context, defineCommand, type Style } from './command.js'
import { booleanOption, collect, environmentFlag, environmentOption, listOption, textOption } from './options.js'

interface Request {
  readonly ref: Reference | undefined
  readonly environment: Environment | undefined
  readonly live: boolean
  readonly strict: boolean
  /** `name=text`, as given. */
  readonly vars: readonly (readonly [string, string])[]
  readonly varsFile: string | undefined
  readonly out: string | undefined
  readonly json: boolean
}

type Result =
  | { readonly kind: 'one'; readonly compiled: Compiled; readonly identity: CompiledIdentity | undefined }
  | { readonly kind: 'all'; readonly summary: CompileSummary; readonly written: Written | undefined }

/** What --out came to. */
interface Written {
  readonly directory: string
  readonly files: number
  /** Those that passed and cannot be rendered, with the names that have no example. */
  readonly unrendered: readonly { readonly path: string; readonly names: readonly string[] }[]
}

export const compile = defineCommand<Request, Result>({
  usage: 'compile [prompt]',
  summary: 'Fill in a prompt and print it; without one, check all',
  examples: [
    'promptctl compile refund-email --var name=Ada --var polite=true',
    'promptctl compile refund-email --live --env production --vars values.json',
    'promptctl compile --strict',
  ],
  flags: (command) => {
    environmentFlag(command)
    command.option('--var <name=value>', 'a value; may be given several times', collect)
    command.option('--vars <file>', 'values as JSON or YAML; - is standard input')
    command.option('--live', 'what the environment serves, and not the file')
    command.option('--strict', 'also refuse unknown, undeclared and unused variables')
    command.option('--out <directory>', 'without a prompt: write each result there')
  },
  parse: (words, options) => {
    const [text] = words
    const request = {
      ref: text === undefined ? undefined : parseReference(text),
      environment: environmentOption(options),
      live: booleanOption(options, 'live'),
      strict: booleanOption(options, 'strict'),
      vars: listOption(options, 'var').map(parseVariable),
      varsFile: textOption(options, 'vars'),
      out: textOption(options, 'out'),
      json: booleanOption(options, 'json'),
    }
    checkRequest(request)
    return request
  },
  run: async (request, context) => {
    if (request.ref === undefined) return { kind: 'all', ...(await compileEach(request, context)) }
    const registry = await context.registry()
    const file = await readValues(request, context)
    const { compile: compileOne } = await import('../registry/compile.js')
    const compiled = await compileOne(registry, {
      ...request,
      ref: request.ref,
      values: (prepared) => mergeValues(prepared, file, request.vars),
    })
    return { kind: 'one', compiled, identity: request.json ? await compiled.identify() : undefined }
  },
  text: (result, style) =>
    result.kind === 'one'
      ? printed(result.compiled.compiled)
      : `${formatSummary(result.summary, style)}${formatWritten(result.written, style)}`,
  json: (result) => {
    if (result.kind === 'all') return result.summary
    const { slug, environment, compiled } = result.compiled
    const { variables, ...identity } = result.identity ?? { variables: [] }
    return { slug, environment, ...identity, compiled, variables }
  },
  exit: (result) => (result.kind === 'all' && result.summary.failed > 0 ? 1 : 0),
})

/** The text itself, and nothing else; a chat prompt as a JSON array. */
const printed = (compiled: string | readonly Message[]): string =>
  typeof compiled === 'string' ? compiled : `${JSON.stringify(compiled, undefined, 2)}\n`

function checkRequest({ ref, live, vars, varsFile, out }: Request): void {
  const single = live || vars.length > 0 || varsFile !== undefined
  if (ref === undefined && single) {
    throw new PromptctlError('usage', '--live, --var and --vars compile one prompt, which has to be named', {
      hint: 'promptctl compile refund-email --var name=Ada',
    })
  }
  if (ref !== undefined && out !== undefined) {
    throw new PromptctlError('usage', '--out goes with compiling every prompt', {
      hint: 'One prompt is printed: promptctl compile refund-email > file.txt',
    })
  }
  if (live && ref?.at !== undefined) throw new PromptctlError('usage', '--live and a version exclude each other')
}

function parseVariable(text: string): readonly [string, string] {
  const mark = text.indexOf('=')
  if (mark > 0) return [text.slice(0, mark), text.slice(mark + 1)]
  throw new PromptctlError('usage', `--var takes <name>=<value>, not ${JSON.stringify(text)}`, {
    hint: '--var name=Ada; an empty value is --var name=',
  })
}

async function readValues({ varsFile }: Request, { readInput }: Context): Promise<Values> {
  if (varsFile === undefined) return {}
  const name = varsFile === '-' ? 'standard input' : varsFile
  const bytes = await readInput(varsFile)
  const { parseValues } = await import('../core/values.js')
  return parseValues(bytes, name)
}

/** --var wins over --vars, and is converted as the variable is declared. */
const mergeValues = (prepared: PreparedPrompt, file: Values, vars: Request['vars']): Values =>
  Object.fromEntries([...Object.entries(file), ...convertVariables(prepared, vars)])

async function compileEach(
  request: Request,
  context: Context,
): Promise<{ summary: CompileSummary; written: Written | undefined }> {
  const { compileAll } = await import('../registry/compile-all.js')
  const registry = await context.registry()
  const { out } = request
  if (out === undefined) return { summary: await compileAll(registry, request), written: undefined }
  let files = 0
  const unrendered: { path: string; names: readonly string[] }[] = []
  const summary = await compileAll(registry, {
    ...request,
    onCompiled: (slug, environment, compiled) => {
      const extension = typeof compiled === 'string' ? 'txt' : 'json'
      context.writeFile(`${out}/${environment}/${slug}.${extension}`, printed(compiled))
      files += 1
    },
    onUnrendered: (path, names) => unrendered.push({ path, names }),
  })
  return { summary, written: { directory: out, files, unrendered } }
}

function formatSummary({ compiled, failed, skipped, results }: CompileSummary, style: Style): string {
  const failures = results.flatMap(({ path, error }) =>
    error === undefined ? [] : [`${style.red('failed')}  ${path}${formatFailure(path, error)}\n`],
  )
  const archived = skipped === 0 ? '' : `, ${skipped} archived`
  return `${failures.join('')}${compiled} compiled, ${failed} failed${archived}\n`
}

function formatWritten(written: Written | undefined, style: Style): string {
  if (written === undefined) return ''
  const { directory, files, unrendered } = written
  const left = unrendered.map(
    ({ path, names }) => `${style.yellow('not written')}  ${path}: no example of ${visibleLine(names.join(', '))}\n`,
  )
  return `${left.join('')}${files} written to ${visibleLine(directory)}\n`
}

/** With `:7:17` behind the path for an editor to jump to; a place in a partial is said with the partial's own path. */
function formatFailure(
  path: string,
  { message, details }: NonNullable<CompileSummary['results'][number]['error']>,
): string {
  const { file = path, line, column } = details ?? {}
  const place = typeof line === 'number' && typeof column === 'number' ? `:${line}:${column}` : ''
  const [here, there] = file === path ? [place, ''] : ['', `${file}${place}: `]
  return `${here}\n        ${visibleText(`${there}${message}`)}`
}
