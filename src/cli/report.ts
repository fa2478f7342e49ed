import type { Style } from '../commands/command.js'
import { explainSystemError, isPromptctlError, type PromptctlError } from '../core/errors.js'
import { visibleText } from '../core/visible.js'
import { EXIT, EXIT_BUG } from './exit-codes.js'
import type { Runtime } from './runtime.js'

/** Words a failure for the user, on standard error, and gives its exit status. The one place that does. */
export function reportFailure(thrown: unknown, runtime: Runtime, style: Style, json: boolean): number {
  const error = isPromptctlError(thrown) ? thrown : explainSystemError(thrown)
  if (error === undefined) return reportBug(thrown, runtime, json)
  runtime.stderr.write(json ? `${JSON.stringify({ error: failureObject(error) })}\n` : failureText(error, style))
  if (runtime.env['PROMPTCTL_DEBUG'] === '1' && !json) runtime.stderr.write(`${error.stack}\n`)
  return EXIT[error.code]
}

const failureObject = ({ code, message, hint, details }: PromptctlError) => ({
  code,
  message,
  ...(hint === undefined ? {} : { hint }),
  ...(details === undefined ? {} : { details }),
})

function failureText({ message, hint, details }: PromptctlError, style: Style): string {
  const places = placesOf(details)
  // What is listed below, a line each, is not told in the sentence too.
  const sentence = places.reduce<string>(
    (text, place) => text.replace(` (${whereOf(place)})`, ''),
    placed(message, details),
  )
  const lines = [`${style.red('error:')} ${visibleText(sentence)}`, ...detailLines(places, { message, details })]
  if (hint !== undefined) lines.push(`${style.cyan('hint:')} ${visibleText(hint)}`)
  return `${lines.join('\n')}\n`
}

/** With the place in front, where the sentence does not say it and there is one: `a.yaml:3:1: the tag is never closed`. */
function placed(message: string, details: PromptctlError['details']): string {
  const place = typeof details?.['line'] === 'number' ? whereOf(details) : ''
  return place === '' || message.includes(place) ? message : `${place}: ${message}`
}

/** Where to look, when there are several places: one stands in the message. */
function placesOf(details: PromptctlError['details']): readonly unknown[] {
  const places = [details?.['problems'], details?.['variables'], details?.['findings']].find(Array.isArray) ?? []
  return places.length > 1 ? places.filter((place) => whereOf(place) !== '') : []
}

/** What a person wants of the details: every place, and what a hook or git said, but for what the sentence has of it. */
function detailLines(
  places: readonly unknown[],
  { message, details }: Pick<PromptctlError, 'message' | 'details'>,
): readonly string[] {
  const output = details?.['output']
  const said = typeof output === 'string' ? output.split('\n').filter((line) => !isTold(line, message)) : []
  const words = said.join('\n').replace(/^\n+|\s+$/g, '')
  return [...places.map(placeLine), ...(words === '' ? [] : words.split('\n'))].map((line) => `  ${visibleText(line)}`)
}

/** `fatal: no space left` where the sentence is `git commit failed: no space left`. */
function isTold(line: string, message: string): boolean {
  const [, words] = /^(?:fatal|error): (.+)$/.exec(line) ?? []
  return words === undefined ? line.trim() !== '' && message.endsWith(`: ${line.trim()}`) : message.includes(words)
}

const fieldsOf = (place: unknown): Readonly<Record<string, unknown>> =>
  typeof place === 'object' && place !== null ? (place as Readonly<Record<string, unknown>>) : {}

/** `prompts/development/a-3f8a2b1c.yaml:3:1` */
function whereOf(place: unknown): string {
  const { file, line, column } = fieldsOf(place)
  return [file, line, column].filter((part) => part !== undefined && part !== '').join(':')
}

function placeLine(place: unknown): string {
  const { message, name } = fieldsOf(place)
  return `${whereOf(place)}: ${message ?? name ?? ''}`
}

/** Anything that is not a PromptctlError is ours to mend. */
function reportBug(error: unknown, runtime: Runtime, json: boolean): number {
  const message = `This is a bug in promptctl: ${error instanceof Error ? error.message : String(error)}`
  const hint = 'Run it again with PROMPTCTL_DEBUG=1, and report what it prints.'
  runtime.stderr.write(
    json ? `${JSON.stringify({ error: { code: 'bug', message, hint } })}\n` : `${visibleText(message)}\n${hint}\n`,
  )
  if (runtime.env['PROMPTCTL_DEBUG'] === '1' && error instanceof Error) runtime.stderr.write(`${error.stack}\n`)
  return EXIT_BUG
}
