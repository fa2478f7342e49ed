import { parseReference } from '../core/reference.js'
import { visibleLine, visibleText } from '../core/visible.js'
import { show as showPrompt } from '../registry/show.js'
import { defineCommand, type Style } from './command.js'
import { displayDate, displayVersion } from './display.js'
import { environmentFlag, environmentOption } from './options.js'
import { paintState } from './paint.js'

type Shown = Awaited<ReturnType<typeof showPrompt>>

export const show = defineCommand({
  usage: 'show <prompt>',
  summary: 'Print a prompt as it is, or as it was at a version',
  examples: ['promptctl show refund-email', 'promptctl show refund-email@12 --json'],
  flags: (command) => {
    environmentFlag(command)
  },
  parse: ([text = ''], options) => ({ ref: parseReference(text), environment: environmentOption(options) }),
  run: async (request, { registry }) => showPrompt(await registry(), request),
  text: (prompt: Shown, style) => `${formatHead(prompt, style)}\n${formatBody(prompt, style)}`,
})

function formatHead(prompt: Shown, style: Style): string {
  const { slug, title, environment, state, description, tags, aliases, variables, commit } = prompt
  const rows: [string, string][] = [
    ['slug', slug],
    ['environment', environment],
    ['state', `${paintState(state, style)}${prompt.modified ? style.yellow(' (modified in the work tree)') : ''}`],
    ['version', `${displayVersion(prompt.version)}${commit === null ? '' : style.dim(` ${commit.slice(0, 12)}`)}`],
    ['live', liveText(prompt, style)],
    ['digest', prompt.digest === null ? '-' : style.dim(prompt.digest)],
  ]
  if (description !== null) rows.push(['description', visibleLine(description)])
  if (tags.length > 0) rows.push(['tags', visibleLine(tags.join(', '))])
  if (aliases.length > 0) rows.push(['aliases', aliases.join(', ')])
  for (const [index, variable] of variables.entries()) {
    rows.push([index === 0 || !style.isTerminal ? 'variables' : '', variableText(variable, style)])
  }
  if (!style.isTerminal) return rows.map(([key, value]) => `${key}\t${value}\n`).join('')
  const width = Math.max(...rows.map(([key]) => key.length))
  const lines = rows.map(([key, value]) => `${style.dim(key.padEnd(width))}  ${value}\n`)
  return `${style.bold(visibleLine(title ?? slug))}\n${lines.join('')}`
}

function liveText({ version, modified, live_version, live_since, live_by }: Shown, style: Style): string {
  // A shallow clone does not know.
  if (version === null && !modified) return '-'
  if (live_version === null || live_since === null) return style.dim('nothing')
  return `${displayVersion(live_version)}, since ${displayDate(live_since, style)}, by ${visibleLine(live_by ?? '')}`
}

/** `tone: string = "friendly"`, or `amount: number, required`. */
function variableText(
  { name, required, type, kind, default: value }: Shown['variables'][number],
  style: Style,
): string {
  const typeName = kind ?? [type ?? 'any'].flat().join(' or ')
  const rest =
    value === undefined ? `, ${required ? 'required' : 'optional'}` : ` = ${visibleLine(JSON.stringify(value))}`
  return `${name}${style.dim(`: ${typeName}${rest}`)}`
}

function formatBody({ template, messages }: Shown, style: Style): string {
  if (template !== undefined) return `${visibleText(template)}${template.endsWith('\n') ? '' : '\n'}`
  const items = Array.isArray(messages) ? messages : []
  return items.map((item) => `${formatMessage(item, style)}\n`).join('\n')
}

function formatMessage(item: unknown, style: Style): string {
  const { role, content, placeholder } = item as { role?: string; content?: unknown; placeholder?: string }
  if (placeholder !== undefined) return style.magenta(`[messages of ${visibleLine(placeholder)}]`)
  const text = typeof content === 'string' ? content : JSON.stringify(content, undefined, 2)
  return `${style.cyan(visibleLine(role ?? ''))}\n${visibleText(text)}`
}
