import { createPrompt, ENVIRONMENTS, formatPrompt, PARTIALS } from './prompts.mjs'
import { createRandom } from './random.mjs'

/**
 * A registry's years, as a stream for `git fast-import`. What is kept in memory is a few numbers for each prompt, and
 * the records of what was published, which rollbacks restore.
 */

const PEOPLE = 'Ada Example,Ben Example,Cleo Example,Dan Example,Eve Example,Finn Example,Gita Example,Hana Example'
  .split(',')
  .map((name) => `${name} <${name.split(' ')[0].toLowerCase()}@example.com>`)
const FIRST_COMMIT_AT = Date.UTC(2016, 0, 4, 8) / 1000
const MEAN_SECONDS = 2700
/** Main steps of which so many become a merge of one to three commits: then 5 % of all commits are merges. */
const MERGE_STEPS = 0.0556
/** A side branch leaves main at most so many steps before it is merged. */
const LONGEST_BRANCH = 8
/** The last commits break nothing, so that the tip is a registry in which everything compiles. */
const QUIET_END = 12

/** What happens in a step of the history, and how often. Each is a function of the world that returns its changes. */
const EVENTS = [
  [34, edit],
  [22, publish],
  [14, (world) => promote(world, 'development', 'staging')],
  [9, (world) => promote(world, 'staging', 'production')],
  [3, promoteTwice],
  [2, hotfix],
  [3, (world) => rollback(world, 'production')],
  [2, (world) => rollback(world, 'development')],
  [1, archive],
  [1.5, remove],
  [1, breakFile],
  [7.5, changeNotes],
]
const WEIGHT = EVENTS.reduce((sum, [weight]) => sum + weight, 0)

/**
 * `spec` is `{seed, size, commits, initial, growth, rollout}`: so many prompts by the end, so many commits in all, that share
 * of the prompts in the first commit, how fast the others follow (1: evenly, 2: as the square of the time), and whether
 * the first are promoted everywhere at once. Yields text; afterwards
 * `world.prompts` says how many versions each prompt came to.
 */
export function createHistory(spec) {
  const random = createRandom(spec.seed, 7)
  const world = {
    growth: 1,
    ...spec,
    random,
    prompts: [],
    /** Marks of main, newest last; as many as a side branch may be long. */
    main: [],
    step: 0,
    count: 0,
    seconds: FIRST_COMMIT_AT,
    /** Files to mend in the next step. */
    broken: [],
    /** Files that were deleted, and come back. */
    removed: [],
    /** Prompts changed after this step of main are out of bounds for a side branch. */
    before: Number.POSITIVE_INFINITY,
  }
  return { world, stream: () => writeHistory(world) }
}

function* writeHistory(world) {
  yield 'feature done\n'
  yield* writeFirst(world)
  while (world.count < world.commits) {
    world.step += 1
    const room = world.commits - world.count
    if (room > 4 && world.broken.length === 0 && world.random.chance(MERGE_STEPS)) yield* writeMerge(world)
    else yield writeMain(world, nextChanges(world))
  }
  yield 'done\n'
}

function* writeFirst(world) {
  const count = Math.max(PARTIALS, Math.round(world.size * world.initial))
  const files = [
    ['promptctl.yaml', `name: bench\nbranch: main\n`],
    ['.gitattributes', 'prompts/** -text\n'],
  ]
  yield writeCommit(world, { branch: 'main', subject: 'Make this folder a prompt registry', files })
  const created = Array.from({ length: count }, () => create(world)).flatMap(({ changes }) => changes)
  yield writeMain(world, { subject: `import(development): ${count} prompts`, changes: created })
  const first = world.rollout ? world.prompts : world.prompts.slice(0, PARTIALS)
  for (const environment of ENVIRONMENTS) {
    world.step += 1
    const changes = first.map((prompt) => put(prompt, environment, publishedNow(world, prompt)))
    yield writeMain(world, { subject: `publish(${environment}): ${first.length} prompts`, changes })
  }
}

/** A branch that left main some steps ago and changed prompts that main has left alone since. */
function* writeMerge(world) {
  const { random, main } = world
  const back = random.below(Math.min(LONGEST_BRANCH, main.length - 1))
  const base = main.at(-1 - back)
  world.before = world.step - back
  const last = new Map()
  const length = 1 + random.below(3)
  for (let index = 0; index < length; index++) {
    const { subject, changes, files = [] } = random.chance(0.6) ? edit(world) : publish(world)
    for (const change of changes) last.set(`${change.environment}/${change.prompt.slug}`, change)
    const from = index === 0 ? base : undefined
    yield writeCommit(world, { branch: 'side', from, subject, files: [...files, ...filesOf(changes)] })
  }
  world.before = Number.POSITIVE_INFINITY
  const changes = [...last.values()]
  const subject = `Merge pull request #${world.step} from wording`
  yield writeMain(world, { subject, changes }, world.count)
}

const writeMain = (world, { subject, changes = [], files = [] }, merge = undefined) => {
  for (const { prompt } of changes) {
    prompt.versions += 1
    prompt.touched = world.step
  }
  return writeCommit(world, { branch: 'main', subject, merge, files: [...files, ...filesOf(changes)] })
}

function writeCommit(world, { branch, from, merge, subject, files }) {
  const mark = ++world.count
  world.seconds += 1 + world.random.below(2 * MEAN_SECONDS)
  if (branch === 'main') {
    world.main.push(mark)
    if (world.main.length > LONGEST_BRANCH) world.main.shift()
  }
  const who = `${world.random.pick(PEOPLE)} ${world.seconds} +0000`
  const lines = [
    `commit refs/heads/${branch}`,
    `mark :${mark}`,
    `author ${who}`,
    `committer ${who}`,
    dataOf(`${subject}\n`),
  ]
  if (from !== undefined) lines.push(`from :${from}`)
  if (merge !== undefined) lines.push(`merge :${merge}`)
  for (const [path, text] of files) {
    lines.push(text === undefined ? `D ${path}` : `M 100644 inline ${path}\n${dataOf(text)}`)
  }
  return `${lines.join('\n')}\n\n`
}

const dataOf = (text) => `data ${Buffer.byteLength(text)}\n${text}`

const filesOf = (changes) =>
  changes.map(({ prompt, environment, record }) => [
    `prompts/${environment}/${prompt.slug}.yaml`,
    record === undefined ? undefined : formatPrompt(prompt, record),
  ])

/** The next step of main: what is broken is mended at once, what was deleted comes back, prompts are made as they are due. */
function nextChanges(world) {
  const { random, broken, removed } = world
  if (broken.length > 0) return mend(world, broken.pop())
  if (removed.length > 0 && removed[0].due <= world.step) return bringBack(removed.shift())
  const passed = (world.count / world.commits) ** world.growth
  const due = world.size * (world.initial + (1 - world.initial) * passed)
  if (world.prompts.length < due && world.prompts.length < world.size) return create(world)
  let roll = random.next() * WEIGHT
  for (const [weight, event] of EVENTS) {
    roll -= weight
    if (roll < 0) return event(world) ?? edit(world)
  }
  return edit(world)
}

/** A prompt for which `isFit`, or undefined after some tries. Old prompts are changed more often than new ones. */
function choose(world, isFit) {
  for (let tries = 0; tries < 40; tries++) {
    const index = Math.floor(world.prompts.length * world.random.next() ** 1.6)
    const prompt = world.prompts[index]
    if (prompt.touched < world.before && isFit(prompt)) return prompt
  }
  return undefined
}

const isIn =
  (environment, ...states) =>
  (prompt) =>
    states.includes(prompt.here[environment]?.state)

const timeOf = (world) => new Date(world.seconds * 1000).toISOString().replace('.000Z', 'Z')

const publishedNow = (world, prompt, revision = prompt.revision) => ({
  state: 'published',
  revision,
  sealed: revision,
  at: timeOf(world),
  by: world.random.pick(PEOPLE),
})

/** Sets an environment's file and returns the change. */
function put(prompt, environment, fields) {
  const record = fields && { ...fields, environment }
  prompt.here[environment] = record ?? { state: 'deleted' }
  const published = prompt.published[environment]
  if (record?.state === 'published' && !published.includes(record)) published.push(record)
  return { prompt, environment, record }
}

const one = (verb, { prompt, environment, record }) => ({
  subject: `${verb}(${environment}): ${prompt.slug}`,
  changes: [{ prompt, environment, record }],
})

function create(world) {
  const made = createPrompt(world.seed, world.prompts.length)
  const prompt = {
    ...made,
    revision: 1,
    versions: 0,
    touched: world.step,
    here: {},
    published: Object.fromEntries(ENVIRONMENTS.map((name) => [name, []])),
  }
  world.prompts.push(prompt)
  return one('new', put(prompt, 'development', { state: 'draft', revision: 1 }))
}

function edit(world) {
  const prompt = choose(world, isIn('development', 'draft', 'published'))
  if (prompt === undefined) return changeNotes(world)
  prompt.revision += 1
  const before = prompt.here.development
  return one('edit', put(prompt, 'development', { ...before, state: 'draft', revision: prompt.revision }))
}

function publish(world) {
  const prompt = choose(world, isIn('development', 'draft')) ?? choose(world, isIn('development', 'published'))
  if (prompt === undefined) return changeNotes(world)
  if (prompt.here.development.state === 'published') prompt.revision += 1
  return one('publish', put(prompt, 'development', publishedNow(world, prompt)))
}

const isAhead = (from, to) => (prompt) =>
  isIn(from, 'published')(prompt) &&
  !isIn(to, 'archived', 'deleted')(prompt) &&
  prompt.here[from].revision !== prompt.here[to]?.revision

function promote(world, from, to) {
  const prompt = choose(world, isAhead(from, to))
  return prompt && one('promote', put(prompt, to, publishedNow(world, prompt, prompt.here[from].revision)))
}

function promoteTwice(world) {
  const isFit = (prompt) => isAhead('development', 'staging')(prompt) && isAhead('development', 'production')(prompt)
  const prompt = choose(world, isFit)
  if (prompt === undefined) return undefined
  const { revision } = prompt.here.development
  const changes = ['staging', 'production'].map((to) => put(prompt, to, publishedNow(world, prompt, revision)))
  return { subject: `promote(staging,production): ${prompt.slug}`, changes }
}

function hotfix(world) {
  const prompt = choose(world, isIn('production', 'published'))
  if (prompt === undefined) return undefined
  prompt.revision += 1
  return one('publish', put(prompt, 'production', publishedNow(world, prompt)))
}

/** Restores a record as it was: the same bytes, so the same blob. */
function rollback(world, environment) {
  const isOther = (prompt) => (record) => record.revision !== prompt.here[environment].revision
  const isFit = (prompt) =>
    isIn(environment, 'published')(prompt) && prompt.published[environment].some(isOther(prompt))
  const prompt = choose(world, isFit)
  if (prompt === undefined) return undefined
  const record = prompt.published[environment].findLast(isOther(prompt))
  prompt.here[environment] = record
  return one('rollback', { prompt, environment, record })
}

function archive(world) {
  const prompt = choose(world, (each) => !each.isPartial && isIn('staging', 'published')(each))
  return prompt && one('archive', put(prompt, 'staging', { ...prompt.here.staging, state: 'archived' }))
}

function remove(world) {
  const environment = world.random.pick(ENVIRONMENTS)
  const isFit = (each) => !each.isPartial && isIn(environment, 'draft', 'published', 'archived')(each)
  const prompt = choose(world, isFit)
  if (prompt === undefined || world.commits - world.count < QUIET_END) return undefined
  // One in eight stays away.
  if (!world.random.chance(0.125)) {
    const record = prompt.here[environment]
    world.removed.push({ prompt, environment, record, due: world.step + 5 + world.random.below(40) })
    world.removed.sort((a, b) => a.due - b.due)
  }
  return { subject: `Delete ${prompt.slug}`, changes: [put(prompt, environment, undefined)] }
}

function bringBack({ prompt, environment, record }) {
  prompt.here[environment] = record
  return { subject: `Bring ${prompt.slug} back`, changes: [{ prompt, environment, record }] }
}

/** A published file that was edited by hand, so that its seal is broken, or one with a conflict's marks in it. */
function breakFile(world) {
  const environment = world.random.pick(ENVIRONMENTS)
  const prompt = choose(world, (each) => !each.isPartial && isIn(environment, 'published')(each))
  if (prompt === undefined || world.commits - world.count < QUIET_END) return undefined
  prompt.revision += 1
  const state = world.random.chance(0.5) ? 'garbage' : 'published'
  const record = { ...prompt.here[environment], state, revision: prompt.revision, environment }
  prompt.here[environment] = { ...record, state: 'broken' }
  world.broken.push({ prompt, environment })
  return { subject: `Tweak ${prompt.slug}`, changes: [{ prompt, environment, record }] }
}

const mend = (world, { prompt, environment }) => one('publish', put(prompt, environment, publishedNow(world, prompt)))

/** A commit that is about no prompt. */
function changeNotes(world) {
  const files = [[`docs/notes-${world.random.below(20)}.md`, `# Notes\n\nStep ${world.step}.\n`]]
  return { subject: 'Update the notes', changes: [], files }
}
