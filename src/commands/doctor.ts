import { visibleLine } from '../core/visible.js'
import type { DoctorReport, Health } from '../registry/doctor.js'
import { defineCommand, type Style } from './command.js'

export const doctor = defineCommand<undefined, DoctorReport>({
  usage: 'doctor',
  summary: 'Look at git, identity, history and files for trouble',
  examples: ['promptctl doctor', 'promptctl doctor --json'],
  parse: () => undefined,
  run: async (_, context) => {
    const { doctor: examine } = await import('../registry/doctor.js')
    return examine(await context.registry())
  },
  text: ({ checks }, style) => {
    const rows = checks.map(({ check, health, message }) => [mark(health, style), check, visibleLine(message)])
    const hints = checks.flatMap(({ hint }) =>
      hint === undefined ? [] : [`${style.cyan('hint:')} ${visibleLine(hint)}\n`],
    )
    return `${style.table(['', 'check', ''], rows)}${hints.join('')}`
  },
  exit: ({ healthy }) => (healthy ? 0 : 1),
})

function mark(health: Health, style: Style): string {
  if (!style.isTerminal) return health
  return health === 'ok' ? style.green('✓') : health === 'warning' ? style.yellow('!') : style.red('✗')
}
