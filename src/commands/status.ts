import type { Relation } from '../core/relation.js'
import { visibleLine } from '../core/visible.js'
import { status as readStatus, type Status, type StatusCell } from '../registry/status.js'
import { defineCommand, type Style } from './command.js'
import { displayName, displayVersion } from './display.js'
import { paintState } from './paint.js'

export const status = defineCommand<undefined, Status>({
  usage: 'status',
  summary: 'Show every prompt over every environment',
  examples: ['promptctl status', 'promptctl status --json'],
  parse: () => undefined,
  run: async (_, { registry }) => readStatus(await registry()),
  text: (result, style) => (style.isTerminal ? formatMatrix(result, style) : formatRows(result, style)),
  json: ({ rows }) => rows,
})

/**
 * For programs: the slug, a cell an environment such as `v4 published behind`, the title. Where there is a remote a last
 * line that no slug begins like: `# origin/main`, `1 not pushed`, `2 behind`.
 */
function formatRows({ rows, environments, remote }: Status, style: Style): string {
  const cells = rows.map(({ slug, title, environments: cells }) => [
    slug,
    ...environments.map((environment) => formatWords(cells[environment])),
    visibleLine(title ?? ''),
  ])
  const foot = remote === undefined ? [] : [[`# ${visibleLine(remote.name)}`, ...formatDistance(remote)]]
  return style.table([], [...cells, ...foot])
}

/** Counts of commits that changed a prompt. */
function formatDistance({ ahead, behind }: NonNullable<Status['remote']>): readonly string[] {
  if (ahead + behind === 0) return ['in step']
  return [ahead > 0 ? `${ahead} not pushed` : '', behind > 0 ? `${behind} behind` : ''].filter((words) => words !== '')
}

function formatWords(cell: StatusCell | undefined): string {
  if (isEmpty(cell)) return '-'
  const { version, state, live_version, relation, modified } = cell
  if (state === null) return 'new'
  const words = [displayVersion(version), state]
  if (live_version !== null && live_version !== version) words.push(`live ${displayVersion(live_version)}`)
  if (relation !== 'first' && relation !== 'absent') words.push(relation)
  if (modified) words.push('modified')
  return words.join(' ')
}

const isEmpty = (cell: StatusCell | undefined): cell is undefined =>
  cell === undefined || (cell.state === null && !cell.modified)

/** For a person: what is as it should be is quiet, and only what differs has words. */
function formatMatrix(result: Status, style: Style): string {
  const { environments, rows } = result
  if (rows.length === 0) return 'No prompts. promptctl new <title> makes one.\n'
  const widths = environments.map((environment) =>
    Math.max(...rows.map(({ environments: cells }) => numberOf(cells[environment]).length)),
  )
  const table = style.table(
    ['prompt', ...environments],
    rows.map(({ slug, environments: cells }) => [
      displayName(slug, style),
      ...environments.map((environment, index) => formatCell(cells[environment], widths[index] ?? 0, style)),
    ]),
  )
  return `${table}${formatFoot(result, style)}`
}

const numberOf = (cell: StatusCell | undefined): string =>
  cell === undefined ? '' : displayVersion(cell.live_version ?? cell.version)

/** What is live, then what stands on top of it: `● v3 draft v5 *`; how it stands to the environment before: `↓ behind`. */
function formatCell(cell: StatusCell | undefined, width: number, style: Style): string {
  if (isEmpty(cell)) return style.dim('·')
  const { version, state, live_version: live, relation, modified } = cell
  if (state === null) return style.blue('○ new')
  const marker = live !== null ? style.green('●') : state === 'archived' ? style.dim('○') : style.blue('○')
  const onTop = version === live ? '' : paintState(state, style)
  const words = [
    `${marker} ${numberOf(cell).padEnd(width)}`,
    onTop !== '' && live !== null ? `${onTop} ${displayVersion(version)}` : onTop,
    formatRelation(relation, style),
    modified ? style.yellow('*') : '',
  ]
  return words.filter((word) => word !== '').join(' ')
}

function formatRelation(relation: Relation, style: Style): string {
  switch (relation) {
    case 'first':
    case 'absent':
      return ''
    case 'in_step':
      return style.dim('=')
    case 'behind':
      return style.yellow('↓ behind')
    case 'ahead':
      return style.magenta('↑ ahead')
    case 'rolled_back':
      return style.yellow('↺ rolled back')
  }
}

function formatFoot({ rows, remote }: Status, style: Style): string {
  const cells = rows.flatMap(({ environments }) => Object.values<StatusCell>(environments))
  const count = (relation: Relation): number => cells.filter((cell) => cell.relation === relation).length
  const modified = cells.filter((cell) => cell.modified).length
  const facts = [`${rows.length} prompt${rows.length === 1 ? '' : 's'}`]
  if (count('behind') > 0) facts.push(style.yellow(`${count('behind')} behind`))
  if (count('ahead') > 0) facts.push(style.magenta(`${count('ahead')} ahead`))
  if (count('rolled_back') > 0) facts.push(style.yellow(`${count('rolled_back')} rolled back`))
  if (modified > 0) facts.push(style.yellow(`${modified} with uncommitted edits (*)`))
  if (remote !== undefined) {
    if (remote.ahead > 0) facts.push(style.yellow(`${remote.ahead} not pushed to ${remote.name}`))
    if (remote.behind > 0) facts.push(style.yellow(`${remote.behind} behind ${remote.name}`))
    if (remote.ahead + remote.behind === 0) facts.push(`in step with ${remote.name}`)
  }
  const legend = `${style.green('●')} live${style.dim(' · ')}${style.dim('=')} as in the environment before`
  return `\n${legend}\n${facts.join(style.dim(' · '))}\n`
}
