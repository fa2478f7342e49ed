import { parseReference } from '../core/reference.js'
import type { Variable } from '../core/variables.js'
import { visibleLine } from '../core/visible.js'
import { show } from '../registry/show.js'
import { defineCommand } from './command.js'
import { environmentFlag, environmentOption } from './options.js'

export const variables = defineCommand({
  usage: 'variables <prompt>',
  summary: 'List what a prompt needs, its partials included',
  examples: ['promptctl variables refund-email', 'promptctl variables refund-email@3 --json'],
  flags: (command) => {
    environmentFlag(command)
  },
  parse: ([text = ''], options) => ({ ref: parseReference(text), environment: environmentOption(options) }),
  run: async (request, { registry }) => (await show(await registry(), request)).variables,
  text: (list: readonly Variable[], style) => {
    const rows = list.map(({ name, required, type, description, fields, declared, used, default: value, ...rest }) => [
      style.bold(name),
      rest.kind ?? [type ?? 'any'].flat().join(' or '),
      required ? style.yellow('required') : style.dim('optional'),
      value === undefined ? '' : `= ${visibleLine(JSON.stringify(value))}`,
      [
        visibleLine(description ?? ''),
        fields === undefined ? '' : `uses ${fields.join(', ')}`,
        declared || rest.kind !== undefined ? '' : 'not declared',
        used ? '' : 'not used',
      ]
        .filter(Boolean)
        .join('; '),
    ])
    return style.table(['name', 'type', '', 'default', ''], rows)
  },
})
