import type { Relation } from '../core/relation.js'
import { visibleLine } from '../core/visible.js'
import { type Cell, status as readStatus, type Status } from '../registry/status.js'
import { defineCommand, type Style } from './command.js'
import { displayName, displayVersion } from './display.js'
import { paintState } from './paint.js'

export const status = defineCommand<undefined, Status>({
  usage: 'status',
  summary: 'Show every prompt over every environment',
  examples: ['promptctl status', 'promptctl status --json'],
  parse: () => undefined,
  run: async (_, { registry }) => readStatus(await registry()),
  text: (result, style) => {
    const rows = result.rows.map(({ slug, title, environments }) => [
      displayName(slug, style),
      ...result.environments.map((environment) => formatCell(environments[environment], style)),
      ...(style.isTerminal ? [] : [visibleLine(title ?? '')]),
    ])
    const table = rows.length === 0 ? '' : style.table(['slug', ...result.environments], rows)
    return style.isTerminal ? `${table}${formatFoot(result, style)}` : table
  },
  json: ({ rows }) => rows,
})

/** `v5 published`, then how it stands to the environment before: `v4 published ↑ behind`. */
function formatCell(cell: Cell | undefined, style: Style): string {
  if (cell === undefined || (cell.state === null && !cell.modified)) return style.dim('·')
  const state = cell.state === null ? style.blue('new') : paintState(cell.state, style)
  const live =
    cell.live_version === null || cell.live_version === cell.version
      ? ''
      : style.dim(` live ${displayVersion(cell.live_version)}`)
  const modified = cell.modified ? style.yellow(' *') : ''
  return `${displayVersion(cell.version)} ${state}${live}${formatRelation(cell.relation, style)}${modified}`
}

function formatRelation(relation: Relation, style: Style): string {
  switch (relation) {
    case 'first':
    case 'absent':
      return ''
    case 'in_step':
      return style.green(' ✓')
    case 'behind':
      return style.yellow(' ↓ behind')
    case 'ahead':
      return style.magenta(' ↑ ahead')
    case 'rolled_back':
      return style.yellow(' ↺ rolled back')
  }
}

function formatFoot({ rows, remote }: Status, style: Style): string {
  const cells = rows.flatMap(({ environments }) => Object.values<Cell>(environments))
  const modified = cells.filter((cell) => cell.modified).length
  const behind = cells.filter(({ relation }) => relation === 'behind').length
  const facts = [`${rows.length} prompts`]
  if (behind > 0) facts.push(style.yellow(`${behind} behind`))
  if (modified > 0) facts.push(style.yellow(`${modified} with uncommitted edits (*)`))
  if (remote !== undefined) {
    if (remote.ahead > 0) facts.push(style.yellow(`${remote.ahead} commits not pushed to ${remote.name}`))
    if (remote.behind > 0) facts.push(style.yellow(`${remote.behind} commits behind ${remote.name}`))
    if (remote.ahead + remote.behind === 0) facts.push(`in step with ${remote.name}`)
  }
  return `\n${facts.join(style.dim(' · '))}\n`
}
