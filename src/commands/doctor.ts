import { visibleLine } from '../core/visible.js'
import type { Diagnosis, DoctorReport, Health } from '../registry/doctor.js'
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
  text: ({ checks }, style) => (style.isTerminal ? formatForPerson(checks, style) : formatForProgram(checks, style)),
  exit: ({ healthy }) => (healthy ? 0 : 1),
})

/** Whole sentences, which no table may cut; a hint stands below what it mends. */
function formatForPerson(checks: readonly Diagnosis[], style: Style): string {
  const width = Math.max(...checks.map(({ check }) => check.length))
  return checks
    .map(({ check, health, message, hint }) => {
      const first = `${mark(health, style)} ${check.padEnd(width)}  ${visibleLine(message)}\n`
      const indent = ' '.repeat(width + 4)
      return hint === undefined ? first : `${first}${indent}${style.cyan('hint:')} ${visibleLine(hint)}\n`
    })
    .join('')
}

const formatForProgram = (checks: readonly Diagnosis[], style: Style): string =>
  style.table(
    [],
    checks.map(({ check, health, message, hint }) => [
      health,
      check,
      visibleLine(message),
      ...(hint === undefined ? [] : [`hint: ${visibleLine(hint)}`]),
    ]),
  )

const mark = (health: Health, style: Style): string =>
  health === 'ok' ? style.green('✓') : health === 'warning' ? style.yellow('!') : style.red('✗')
