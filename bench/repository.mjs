import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createHistory } from './history.mjs'
import { createPrompt, ENVIRONMENTS, PARTIALS, valuesOf } from './prompts.mjs'
import { git } from './surroundings.mjs'

/** Counts up when the histories change, so that none of an older generator is measured. */
const GENERATOR = 1

/** The repositories that are measured. `wide` has many prompts and little history. */
export const SIZES = {
  tiny: { size: 100, commits: 1000, initial: 0.2 },
  small: { size: 1000, commits: 20_000, initial: 0.1 },
  // It grows faster each year: git fast-import writes all of a folder's 10,000 entries anew for each commit.
  large: { size: 10_000, commits: 100_000, initial: 0.02, growth: 2 },
  wide: { size: 10_000, commits: 200, initial: 1, rollout: true },
}

/**
 * Opens a repository, and makes it when no run before has: a bare `origin`, packed as a server's is, and a clone of it.
 * Returns `{name, dir, origin, prompts, commits}`; prompts are `{slug, versions, environments}`.
 */
export async function openRepository(name, { seed, env, progress }) {
  const spec = { ...SIZES[name], seed }
  const folder = join(cacheFolder(), `${name}-${digestOf({ ...spec, GENERATOR })}`)
  if (!existsSync(join(folder, 'manifest.json'))) {
    const started = Date.now()
    progress(`making the ${name} repository`)
    await make(folder, { ...spec, env })
    progress(`made in ${Math.round((Date.now() - started) / 1000)} s: ${folder}`)
  }
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
  return { name, seed, folder, dir: join(folder, 'clone'), origin: join(folder, 'origin.git'), ...manifest }
}

const digestOf = (spec) => createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 8)

const cacheFolder = () => join(tmpdir(), `promptctl-bench-${userInfo().username}`)

async function make(folder, { env, ...spec }) {
  const beside = `${folder}.${process.pid}`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(beside, { recursive: true })
  try {
    const origin = join(beside, 'origin.git')
    git(env, beside, 'init', '--quiet', '--bare', '--initial-branch=main', origin)
    const { world, stream } = createHistory(spec)
    await importStream(env, origin, stream())
    git(env, origin, 'update-ref', '-d', 'refs/heads/side')
    git(env, origin, 'repack', '-a', '-d', '--quiet')
    git(env, origin, 'pack-refs', '--all')
    git(env, beside, 'clone', '--quiet', 'origin.git', 'clone')
    git(env, join(beside, 'clone'), 'config', 'remote.origin.url', '../origin.git')
    writeFileSync(join(beside, 'manifest.json'), JSON.stringify({ commits: world.count, prompts: listPrompts(world) }))
    renameSync(beside, folder)
  } finally {
    rmSync(beside, { recursive: true, force: true })
  }
}

const listPrompts = ({ prompts }) =>
  prompts.map(({ slug, versions, here, isChat, include }) => ({
    slug,
    versions,
    plain: !isChat && include === undefined,
    environments: ENVIRONMENTS.filter((name) => here[name]?.state === 'published'),
  }))

/** The least compression: the objects are written once more by repack, and most of the time would go there. */
async function importStream(env, dir, stream) {
  const args = ['-c', 'core.compression=1', 'fast-import', '--quiet', '--done']
  const child = spawn('git', args, { cwd: dir, env, stdio: ['pipe', 'ignore', 'inherit'] })
  const ended = once(child, 'close')
  let broken
  child.stdin.on('error', (error) => {
    broken = error
  })
  for (const chunk of inBlocks(stream)) {
    if (broken !== undefined) break
    if (!child.stdin.write(chunk)) await Promise.race([once(child.stdin, 'drain'), ended])
  }
  child.stdin.end()
  const [status] = await ended
  if (status !== 0) throw new Error(`git fast-import ended with status ${status}`, { cause: broken })
}

function* inBlocks(stream) {
  let block = ''
  for (const text of stream) {
    block += text
    if (block.length < 1 << 18) continue
    yield block
    block = ''
  }
  yield block
}

/**
 * The prompt that a figure is about: live everywhere, a plain text, and with as near to `versions` versions as there is.
 * `values` are for its variables, as `name=value`.
 */
export function typicalPrompt({ prompts, seed }, versions = 20) {
  const fit = prompts
    .slice(PARTIALS)
    .filter(({ environments, plain }) => plain && environments.length === ENVIRONMENTS.length)
  const distance = (prompt) => Math.abs(prompt.versions - versions)
  const best = fit.reduce((nearest, each) => (distance(each) < distance(nearest) ? each : nearest))
  return { ...best, values: valuesOf(createPrompt(seed, prompts.indexOf(best))) }
}
