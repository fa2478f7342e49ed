import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { inTurns, timeOf } from '../measure.mjs'
import { ENVIRONMENTS } from '../prompts.mjs'
import { typicalPrompt } from '../repository.mjs'
import { ROOT } from '../surroundings.mjs'

/** What asking the ledger costs, with its caches (warm) and without (cold). */

const side = (context, { dir }, commands, prepare) => ({ commands, cwd: dir, env: context.env, prepare })

const gitLog = (...words) => ['git', 'log', '--first-parent', ...words]
const pathsOf = (slug) => ENVIRONMENTS.map((name) => `prompts/${name}/${slug}.yaml`)

/** `ours` and `theirs` give commands for a context and the prompt that the figure is about. */
const compareIn = (repository, context, { ours, theirs, prepare, samples = context.samples.light }) => {
  const prompt = typicalPrompt(repository)
  const figure = side(context, repository, [ours(context, prompt)], prepare)
  const peer = side(context, repository, theirs(context, prompt))
  return inTurns(
    () => timeOf(figure),
    () => timeOf(peer),
    samples,
  )
}

const log = ({ promptctl }, { slug }) => promptctl('log', slug)

const warmIn = (size, options) => async (context) => compareIn(await context.warm(size), context, options)

const coldIn = (size, options) => async (context) => {
  const repository = await context.repository(size)
  return context.withoutCaches(repository, (forget) =>
    compareIn(repository, context, { ...options, prepare: forget, samples: context.samples.heavy }),
  )
}

const coldLog = {
  ours: log,
  theirs: ({ bare }, { slug }) => [gitLog('--', ...pathsOf(slug)), bare],
}

/** The same command in both repositories. */
async function measureGrowth(context) {
  const [large, small] = [await context.warm('large'), await context.warm('small')]
  const [figure, peer] = [large, small].map((each) => side(context, each, [log(context, typicalPrompt(each))]))
  return inTurns(
    () => timeOf(figure),
    () => timeOf(peer),
    context.samples.light,
  )
}

/** No command builds the ledger and nothing else, so a script over the same modules does. */
async function bundleLedger(context) {
  const folder = context.surroundings.scratch('ledger')
  const input = {
    open: 'src/open.ts',
    branches: 'src/registry/branches.ts',
    history: 'src/registry/history.ts',
    ledger: 'src/registry/ledger/ledger.ts',
  }
  const bundle = await rolldown({ input, cwd: ROOT, platform: 'node', checks: { ineffectiveDynamicImport: false } })
  await bundle.write({ dir: folder, format: 'esm', entryFileNames: '[name].js' })
  await bundle.close()
  return folder
}

async function measureBuild(context) {
  const folder = await bundleLedger(context)
  const ours = ({ node, bench }) => [node, join(bench, 'peers/build-ledger.mjs'), folder]
  return coldIn('small', { ours, theirs: () => [gitLog('--raw')] })(context)
}

export const HISTORY = [
  {
    name: 'log <slug>, warm',
    peer: 'node -e 0',
    target: 1.6,
    measure: warmIn('small', { ours: log, theirs: ({ bare }) => [bare] }),
  },
  {
    name: 'log <slug>, warm, large',
    needs: 'large',
    peer: 'the same, small',
    target: 1.2,
    measure: measureGrowth,
  },
  {
    name: 'log <slug>, warm, large (git)',
    needs: 'large',
    peer: 'git log --first-parent -- <path>',
    target: 0.2,
    measure: warmIn('large', { ours: log, theirs: (_, { slug }) => [gitLog('--', pathsOf(slug)[0])] }),
  },
  {
    name: 'log <slug>, cold',
    peer: 'git log --first-parent -- <paths>, node -e 0',
    target: 1.3,
    measure: coldIn('small', coldLog),
  },
  {
    name: 'log <slug>, cold, large',
    needs: 'large',
    peer: 'git log --first-parent -- <paths>, node -e 0',
    target: 1.3,
    measure: coldIn('large', coldLog),
  },
  {
    name: 'log --env production, warm',
    peer: 'git log --first-parent --raw -- prompts/production',
    target: 0.5,
    measure: warmIn('small', {
      ours: ({ promptctl }) => promptctl('log', '--env', 'production'),
      theirs: () => [gitLog('--raw', '--', 'prompts/production')],
    }),
  },
  {
    name: 'full ledger build',
    peer: 'git log --first-parent --raw',
    target: 1.5,
    measure: measureBuild,
  },
  {
    name: 'status, cold: every version read',
    peer: 'git log --first-parent --raw',
    measure: coldIn('small', {
      ours: ({ promptctl }) => promptctl('status'),
      theirs: () => [gitLog('--raw')],
    }),
  },
  {
    name: 'show <slug>@<n>, warm',
    peer: 'node -e 0',
    target: 1.6,
    measure: warmIn('small', {
      ours: ({ promptctl }, { slug }) => promptctl('show', `${slug}@1`),
      theirs: ({ bare }) => [bare],
    }),
  },
]
