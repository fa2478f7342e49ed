import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inTurns, run, timeOf } from '../measure.mjs'
import { PARTIALS } from '../prompts.mjs'
import { typicalPrompt } from '../repository.mjs'
import { git } from '../surroundings.mjs'

/**
 * What a commit, a check of the index and a push cost. Each figure has a clone of its own, which goes back to the same
 * commit and the same caches before each sample, so that no history piles up.
 */

const CACHES = '.git/promptctl/root/cache'

/** A clone of a repository; its origin is a bare clone of its own where the figure pushes. */
export async function openClone(context, size, { withOrigin = false } = {}) {
  const { env, surroundings } = context
  const repository = await context.repository(size)
  const folder = surroundings.scratch(`clone-${context.count()}`)
  const dir = join(folder, 'work')
  const origin = withOrigin ? join(folder, 'origin.git') : repository.origin
  if (withOrigin) git(env, folder, 'clone', '--quiet', '--bare', repository.origin, origin)
  git(env, folder, 'clone', '--quiet', origin, dir)
  const prompt = typicalPrompt(repository)
  const saved = join(folder, 'state')
  let base = git(env, dir, 'rev-parse', 'HEAD')
  return {
    ...repository,
    dir,
    origin,
    prompt,
    pathOf: (environment, slug = prompt.slug) => `prompts/${environment}/${slug}.yaml`,
    /** Makes what is committed, and what is cached now, the state that `reset` goes back to. */
    keep() {
      base = git(env, dir, 'rev-parse', 'HEAD')
      if (withOrigin) git(env, dir, 'push', '--quiet', origin, 'HEAD:main')
      rmSync(saved, { recursive: true, force: true })
      if (existsSync(join(dir, CACHES))) cpSync(join(dir, CACHES), saved, { recursive: true })
    },
    reset() {
      git(env, dir, 'reset', '--quiet', '--hard', base)
      git(env, dir, 'clean', '-fdq')
      if (withOrigin) {
        git(env, origin, 'update-ref', 'refs/heads/main', base)
        git(env, dir, 'update-ref', 'refs/remotes/origin/main', base)
      }
      // Nothing else of promptctl's: a delivery in the background may be at work on its outbox.
      rmSync(join(dir, CACHES), { recursive: true, force: true })
      if (existsSync(saved)) cpSync(saved, join(dir, CACHES), { recursive: true })
    },
    forget: () => rmSync(join(dir, CACHES), { recursive: true, force: true }),
  }
}

/** Puts a line into a prompt's template; the seal is broken until it is published. */
export function editPrompt({ dir }, path, text = 'Mind the latest change') {
  const file = join(dir, path)
  const before = readFileSync(file, 'utf8')
  const after = before.replace(/^( *)Rules.*:$/m, `$1Rules (${text}):`)
  if (after === before) throw new Error(`${file} has no line to edit`)
  writeFileSync(file, after)
}

const commitOf = (path) => ['git', 'commit', '--quiet', '--only', '-m', 'Change a prompt', '--', path]

/** A clone whose ledger knows everything. */
async function openWarm(context, size, options) {
  const clone = await openClone(context, size, options)
  run(context.promptctl('status'), { cwd: clone.dir, env: context.env })
  run(context.promptctl('log', clone.prompt.slug), { cwd: clone.dir, env: context.env })
  clone.keep()
  return clone
}

const compareIn = (context, { dir: cwd }, figure, peer, samples = context.samples.light) =>
  inTurns(
    () => timeOf({ cwd, env: context.env, ...figure }),
    () => timeOf({ cwd, env: context.env, ...peer }),
    samples,
  )

async function measurePublish(context) {
  const clone = await openWarm(context, 'small')
  const path = clone.pathOf('development')
  let count = 0
  const prepare = () => {
    clone.reset()
    editPrompt(clone, path, `change ${count++}`)
  }
  const commands = [context.promptctl('publish', clone.prompt.slug, '--env', 'development')]
  return compareIn(context, clone, { commands, prepare }, { commands: [commitOf(path), context.bare], prepare })
}

async function measureNew(context) {
  const clone = await openWarm(context, 'small')
  const template = join(context.surroundings.home, 'template.txt')
  writeFileSync(template, 'You write for {{audience}}.\n\n{{input}}\n')
  const path = clone.pathOf('development', 'quite-new-0a1b2c3d')
  const peer = {
    commands: [commitOf(path), context.bare],
    prepare: () => {
      clone.reset()
      cpSync(join(clone.dir, clone.pathOf('development')), join(clone.dir, path))
      git(context.env, clone.dir, 'add', '--intent-to-add', path)
    },
  }
  const commands = [context.promptctl('new', 'Quite New', '--template-file', template)]
  return compareIn(context, clone, { commands, prepare: clone.reset }, peer)
}

/** Prompts of development that can be changed and published: the first `count`. */
const changeable = ({ prompts }, count) =>
  prompts
    .slice(PARTIALS)
    .filter(({ environments, plain }) => plain && environments.includes('development'))
    .slice(0, count)

const publishAll = (context, clone, count, ...flags) => {
  const slugs = changeable(clone, count).map(({ slug }) => slug)
  for (const slug of slugs) editPrompt(clone, clone.pathOf('development', slug))
  run(context.promptctl('publish', ...slugs, '--env', 'development', ...flags), { cwd: clone.dir, env: context.env })
}

const lintStaged = (count, size) => async (context) => {
  const clone = await openClone(context, size)
  publishAll(context, clone, count, '--stage')
  return compareIn(context, clone, { commands: [context.promptctl('lint', '--staged')] }, { commands: [context.bare] })
}

async function measureRange(context) {
  const clone = await openClone(context, 'small')
  git(context.env, clone.dir, 'switch', '--quiet', '-c', 'wording')
  publishAll(context, clone, 50)
  const figure = {
    commands: [context.promptctl('lint', '--range', 'origin/main..wording')],
    prepare: clone.forget,
  }
  return compareIn(context, clone, figure, { commands: [context.bare] })
}

async function measureRollbackPush(context) {
  const clone = await openWarm(context, 'small', { withOrigin: true })
  const path = clone.pathOf('production')
  const figure = {
    commands: [context.promptctl('rollback', clone.prompt.slug, '--env', 'production', '--push')],
    prepare: clone.reset,
  }
  const peer = {
    commands: [['git', 'fetch', '--quiet'], commitOf(path), ['git', 'push', '--quiet'], context.bare],
    prepare: () => {
      clone.reset()
      editPrompt(clone, path)
    },
  }
  return compareIn(context, clone, figure, peer, context.samples.middle)
}

/** Nobody listens on this port. */
const DEAD_ENDPOINT = `name: bench
branch: main
webhooks:
  - url: https://127.0.0.1:9/prompts
    secret_env: PROMPTCTL_WEBHOOK_SECRET
`
const WEBHOOK_ENV = { PROMPTCTL_WEBHOOK_SECRET: 'bench', PROMPTCTL_WEBHOOK_ALLOW_HOSTS: '127.0.0.1' }

const push = (config) => async (context) => {
  const { env } = context
  const clone = await openClone(context, 'small', { withOrigin: true })
  if (config !== undefined) {
    writeFileSync(join(clone.dir, 'promptctl.yaml'), config)
    git(env, clone.dir, 'commit', '--quiet', '-am', 'Add an endpoint')
  }
  run(context.promptctl('status'), { cwd: clone.dir, env })
  clone.keep()
  const path = clone.pathOf('development')
  const prepare = () => {
    clone.reset()
    editPrompt(clone, path)
    git(env, clone.dir, ...commitOf(path).slice(1))
  }
  const figure = { commands: [context.promptctl('push')], prepare, env: { ...env, ...WEBHOOK_ENV } }
  const peer = { commands: [['git', 'push', '--quiet'], context.bare], prepare }
  return compareIn(context, clone, figure, peer, context.samples.middle)
}

const COMMIT = 'git commit --only, node -e 0'

export const WRITES = [
  { name: 'publish', peer: COMMIT, target: 1.8, measure: measurePublish },
  { name: 'new', peer: COMMIT, target: 2.5, measure: measureNew },
  { name: 'lint --staged, 1 prompt', peer: 'node -e 0', target: 1.8, measure: lintStaged(1, 'small') },
  { name: 'lint --staged, 100 prompts', peer: 'node -e 0', target: 3, measure: lintStaged(100, 'small') },
  { name: 'lint --range, 50 prompts', peer: 'node -e 0', target: 3, measure: measureRange },
  {
    name: 'rollback --push',
    peer: 'git fetch, git commit --only, git push, node -e 0',
    target: 1.6,
    measure: measureRollbackPush,
  },
  { name: 'push', peer: 'git push, node -e 0', target: 1.5, measure: push(undefined) },
  { name: 'push, dead endpoint', peer: 'git push, node -e 0', target: 1.5, measure: push(DEAD_ENDPOINT) },
]
