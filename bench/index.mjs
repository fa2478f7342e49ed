// npm run bench -- [options]: measures promptctl against git and others, on repositories that it makes itself.
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openContext } from './context.mjs'
import { EVAL } from './figures/eval.mjs'
import { HISTORY } from './figures/history.mjs'
import { IN_PROCESS } from './figures/in-process.mjs'
import { MANY } from './figures/many.mjs'
import { SERVE } from './figures/serve.mjs'
import { START } from './figures/start.mjs'
import { WRITES } from './figures/writes.mjs'
import { NotAvailable } from './measure.mjs'
import { checkVersions, chooseSlugs } from './reference.mjs'
import { createResult, formatMachine, formatTable } from './report.mjs'
import { describeMachine, isBuilt, ROOT } from './surroundings.mjs'

const HELP = `Usage: npm run bench -- [options]

  --short          a small repository and few samples: under a minute, as in CI
  --large          also 10,000 prompts with 100,000 commits; making them takes minutes, once
  --only <word>    figures with that word in their name; may be given several times
  --samples <n>    so many samples of each side, in place of 20, 10, 7 or 3
  --check <n>      compare the versions of so many prompts with git ls-tree first: 200, with --only 20, 0 for none
  --seed <n>       another history: 1
  --keep <name>    keep a variable of the environment, such as NODE_EXTRA_CA_CERTS, which slows each start of Node
  --bin <file>     another build's bin/promptctl.js
  --json           samples and medians as JSON
  --list           the figures' names

A ratio is that of medians; figure and peer run in turns. Repositories are kept in the system's folder for temporary files.
`

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    samples: { type: 'string' },
    check: { type: 'string' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'string', multiple: true, default: [] },
    bin: { type: 'string', default: join(ROOT, 'bin/promptctl.js') },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const FIGURES = [...START, ...IN_PROCESS, ...HISTORY, ...WRITES, ...MANY, ...SERVE, ...EVAL]
const chosen = FIGURES.filter(
  ({ name }) => options.only.length === 0 || options.only.some((word) => name.includes(word)),
)

const progress = (text) => process.stderr.write(`${text}\n`)

const chooseSamples = () => {
  const asked = options.samples === undefined ? undefined : Number(options.samples)
  const of = (usual, short) => asked ?? (options.short ? short : usual)
  return { light: of(20, 5), middle: of(10, 3), heavy: of(7, 3), few: of(3, 1) }
}

/** How many prompts are compared with git's trees before anything is timed. */
const checksOf = (size) => {
  if (options.check !== undefined) return Number(options.check)
  if (options.short || options.only.length > 0) return 20
  return size === 'large' ? 40 : 200
}

async function check(context) {
  const checked = []
  for (const size of options.large ? ['small', 'large'] : ['small']) {
    const repository = await context.repository(size)
    const slugs = chooseSlugs(repository, context.seed, 200)
    const count = Math.min(checksOf(size), slugs.length)
    if (count === 0) continue
    progress(`comparing ${count} prompts of the ${repository.name} repository with git ls-tree`)
    await checkVersions(repository, { ...context, slugs, count, progress })
    checked.push({ repository: repository.name, prompts: count })
  }
  return checked
}

/** Why a figure is passed over, or undefined. */
function missingFor({ needs }) {
  if (needs === 'large' && !options.large) return 'with --large'
  return needs === 'wide' && options.short ? 'not with --short' : undefined
}

async function measure(context, figure) {
  const missing = missingFor(figure)
  if (missing !== undefined) return createResult(figure, { missing })
  progress(figure.name)
  try {
    return createResult(figure, await figure.measure(context))
  } catch (error) {
    if (error instanceof NotAvailable) return createResult(figure, { missing: 'not available yet' })
    progress(String(error))
    return createResult(figure, { missing: 'failed', error: error.message })
  }
}

async function main() {
  if (!isBuilt()) progress('warning: dist/ is older than its sources: npm run build')
  const context = openContext({
    ...options,
    bin: resolve(options.bin),
    seed: Number(options.seed),
    samples: chooseSamples(),
    progress,
  })
  try {
    const machine = describeMachine(context.env)
    const about = { seed: context.seed, load: loadavg()[0].toFixed(1) }
    const checked = await check(context)
    const results = []
    for (const figure of chosen) results.push(await measure(context, figure))
    if (options.json)
      process.stdout.write(`${JSON.stringify({ machine, ...about, checked, figures: results }, null, 2)}\n`)
    else process.stdout.write(`${formatMachine(machine, about)}\n\n${formatTable(results)}\n`)
  } finally {
    context.surroundings.close()
  }
}

if (options.help) process.stdout.write(HELP)
else if (options.list) process.stdout.write(FIGURES.map(({ name }) => `${name}\n`).join(''))
else
  await main().catch((error) => {
    progress(`error: ${error.message}`)
    process.exitCode = 1
  })
