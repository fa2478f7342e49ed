import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inTurns, run, timeOf } from '../measure.mjs'
import { createPrompt, formatForeign, PARTIALS } from '../prompts.mjs'

/** What it costs to look at thousands of files. */

const peerScript = (context, name, folder) => [context.node, join(context.bench, 'peers', name), folder]

const DEVELOPMENT = 'prompts/development'

/** Compiles the 10,000 prompts of one environment. */
const strict = ({ promptctl }) => promptctl('compile', '--strict', '--env', 'development')

async function measureUnchanged(context) {
  const { dir: cwd } = await context.repository('wide')
  const { env } = context
  const figure = { commands: [strict(context)], cwd, env }
  const peer = { commands: [peerScript(context, 'read-files.mjs', DEVELOPMENT)], cwd, env }
  return inTurns(
    () => timeOf(figure),
    () => timeOf(peer),
    context.samples.heavy,
  )
}

async function measureCold(context) {
  const repository = await context.repository('wide')
  const { dir: cwd } = repository
  const { env } = context
  return context.withoutCaches(repository, (prepare) => {
    const figure = { commands: [strict(context)], cwd, env, prepare }
    const peer = { commands: [peerScript(context, 'parse-files.mjs', DEVELOPMENT)], cwd, env }
    return inTurns(
      () => timeOf(figure),
      () => timeOf(peer),
      context.samples.few,
    )
  })
}

async function measureList(context) {
  const { dir: cwd } = await context.warm(context.hasLarge ? 'large' : 'wide')
  const { env } = context
  const figure = { commands: [context.promptctl('list', '--env', 'production')], cwd, env }
  const peer = { commands: [['git', 'ls-tree', '-r', 'HEAD', 'prompts/production'], context.bare], cwd, env }
  return inTurns(
    () => timeOf(figure),
    () => timeOf(peer),
    context.samples.heavy,
  )
}

const IMPORTED = 439

/** Prompts as they come from a CSV file of another tool. */
function importRegistry(context) {
  const folder = context.surroundings.scratch('imported')
  const { env } = context
  const quote = (text) => `"${text.replaceAll('"', '""')}"`
  const prompts = Array.from({ length: IMPORTED }, (_, index) => createPrompt(context.seed, PARTIALS + index))
  const rows = prompts.map((prompt) => `${quote(`${prompt.title} ${prompt.index}`)},${quote(formatForeign(prompt))}`)
  const csv = join(folder, 'prompts.csv')
  writeFileSync(csv, ['title,text', ...rows, ''].join('\n'))
  run(context.promptctl('init'), { cwd: folder, env })
  const columns = ['--title-column', 'title', '--template-column', 'text', '--placeholder', ['$', '{}'].join('')]
  run(context.promptctl('import', csv, ...columns), { cwd: folder, env })
  return folder
}

async function measureLint(context) {
  const cwd = importRegistry(context)
  const { env } = context
  const figure = { commands: [context.promptctl('lint')], cwd, env }
  const peer = { commands: [peerScript(context, 'parse-files.mjs', DEVELOPMENT)], cwd, env }
  return inTurns(
    () => timeOf(figure),
    () => timeOf(peer),
    context.samples.heavy,
  )
}

export const MANY = [
  {
    name: `lint of ${IMPORTED} imported prompts`,
    peer: 'yaml parses them, bare script',
    target: 2.5,
    measure: measureLint,
  },
  {
    name: 'compile --strict of 10,000, unchanged',
    needs: 'wide',
    peer: 'bare script reads them',
    target: 2.5,
    measure: measureUnchanged,
  },
  {
    name: 'compile --strict of 10,000, cold',
    needs: 'wide',
    peer: 'yaml parses them, bare script',
    target: 0.8,
    measure: measureCold,
  },
  {
    name: 'list --env production, text, warm',
    needs: 'wide',
    peer: 'git ls-tree -r HEAD prompts/production, node -e 0',
    target: 2,
    measure: measureList,
  },
]
