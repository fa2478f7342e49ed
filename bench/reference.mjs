import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ENVIRONMENTS as IN_PROMOTION_ORDER } from './prompts.mjs'
import { createRandom } from './random.mjs'
import { git } from './surroundings.mjs'

/**
 * The versions of prompts, from nothing but the trees of each first-parent commit: what `git ls-tree` lists, read through
 * one `git cat-file --batch`. It knows no diffs, no paths in `git log`, and none of promptctl's code.
 */

/** Two environments in one commit are numbered in byte order of their paths. */
const ENVIRONMENTS = [...IN_PROMOTION_ORDER].sort()

/** So many slugs out of all, by the seed. */
export function chooseSlugs({ prompts }, seed, count) {
  const random = createRandom(seed, 11)
  const left = prompts.map(({ slug }) => slug)
  return Array.from({ length: Math.min(count, left.length) }, () => left.splice(random.below(left.length), 1)[0])
}

/**
 * Compares `promptctl log <slug> --json` with the reference, for the first `count` of `slugs`: numbers, commits, blobs,
 * environments. Throws at the first difference. The reference's answers for all of them are kept beside the repository,
 * since they follow from it alone.
 */
export async function checkVersions(repository, { slugs, count, promptctl, env, progress }) {
  const expected = await readReference(repository, slugs, env, progress)
  const asking = slugs.slice(0, count)
  const ask = async () => {
    for (let slug = asking.pop(); slug !== undefined; slug = asking.pop()) {
      const found = await readLog(repository, slug, promptctl, env)
      const wanted = JSON.stringify(expected[slug])
      if (JSON.stringify(found) === wanted) continue
      throw new Error(describeDifference(repository, slug, found, expected[slug]))
    }
  }
  await Promise.all([ask(), ask()])
}

function describeDifference({ dir }, slug, found, wanted) {
  const at = wanted.findIndex((entry, index) => JSON.stringify(entry) !== JSON.stringify(found[index]))
  const [ours, theirs] = [found, wanted].map((list) => JSON.stringify(list[at === -1 ? wanted.length : at] ?? null))
  return `promptctl log ${slug} in ${dir} is wrong: it says ${ours}, and git ls-tree ${theirs}`
}

const run = promisify(execFile)

async function readLog({ dir }, slug, promptctl, env) {
  const [program, ...args] = promptctl('log', slug, '--json')
  const { stdout } = await run(program, args, { cwd: dir, env, maxBuffer: 1 << 28 })
  const entries = JSON.parse(stdout).map(({ version, commit, blob, environment }) => [
    version,
    environment,
    commit,
    blob,
  ])
  return entries.reverse()
}

async function readReference(repository, slugs, env, progress) {
  const file = join(repository.folder, 'reference.json')
  const known = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  if (slugs.every((slug) => Object.hasOwn(known, slug))) return known
  progress(`asking git for the trees of every commit of the ${repository.name} repository`)
  const answers = await walkTrees(repository, slugs, env)
  writeFileSync(file, JSON.stringify(answers))
  return answers
}

/** By slug: `[version, environment, commit, blob or null]`, oldest first. */
async function walkTrees({ dir }, slugs, env) {
  const answers = Object.fromEntries(slugs.map((slug) => [slug, []]))
  const before = Object.fromEntries(ENVIRONMENTS.map((name) => [name, { tree: undefined, blobs: new Map() }]))
  const wanted = new Map(slugs.map((slug) => [suffixOf(Buffer.from(`${slug}.yaml`), slug.length), slug]))
  const commits = git(env, dir, 'rev-list', '--first-parent', '--reverse', 'HEAD').split('\n')
  const trees = listTrees(dir, env, commits)
  const reader = openReader(dir, env)
  for (const [index, commit] of commits.entries()) {
    for (const [place, environment] of ENVIRONMENTS.entries()) {
      const tree = trees[index * ENVIRONMENTS.length + place]
      const last = before[environment]
      if (tree === last.tree) continue
      const blobs = tree === undefined ? new Map() : findBlobs(await reader.tree(tree), wanted)
      before[environment] = { tree, blobs }
      for (const slug of new Set([...last.blobs.keys(), ...blobs.keys()])) {
        const blob = blobs.get(slug) ?? null
        if (blob === (last.blobs.get(slug) ?? null)) continue
        answers[slug].push([answers[slug].length + 1, environment, commit, blob])
      }
    }
  }
  await reader.close()
  return answers
}

/** The id of each environment's folder in each commit; undefined where there is none. */
function listTrees(dir, env, commits) {
  const input = commits.flatMap((commit) => ENVIRONMENTS.map((name) => `${commit}:prompts/${name}\n`)).join('')
  const options = { cwd: dir, env, input, encoding: 'utf8', maxBuffer: 1 << 30 }
  const { status, stdout, stderr } = spawnSync(
    'git',
    ['cat-file', '--batch-check=%(objectname) %(objecttype)'],
    options,
  )
  if (status !== 0) throw new Error(`git cat-file: ${stderr}`)
  const lines = stdout.trimEnd().split('\n')
  return lines.map((line) => (line.endsWith(' tree') ? line.slice(0, -5) : undefined))
}

/** A slug's last 8 digits as a number, where its file name ends `tail` bytes before `.yaml` does. */
function suffixOf(bytes, end) {
  let value = 0
  for (let at = end - 8; at < end; at++) {
    const digit = bytes[at]
    value = value * 16 + (digit > 57 ? digit - 87 : digit - 48)
  }
  return value
}

/** The wanted entries of a tree object: `<mode> <name>\0<20 bytes>`, again and again. */
function findBlobs(bytes, wanted) {
  const found = new Map()
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at)
    const slug = wanted.get(suffixOf(bytes, end - 5))
    if (slug !== undefined && bytes.latin1Slice(at + 7, end - 5) === slug)
      found.set(slug, bytes.hexSlice(end + 1, end + 21))
    at = end + 21
  }
  return found
}

/** One `git cat-file --batch`, asked for one tree after the other. */
function openReader(dir, env) {
  const child = spawn('git', ['cat-file', '--batch'], { cwd: dir, env, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const chunks = child.stdout[Symbol.asyncIterator]()
  let rest = Buffer.alloc(0)
  const more = async () => {
    const { value, done } = await chunks.next()
    if (done) throw new Error('git cat-file ended early')
    return value
  }
  return {
    tree: async (id) => {
      child.stdin.write(`${id}\n`)
      // `<id> tree <size>\n<bytes>\n`
      let head = rest
      while (!head.includes(10)) head = Buffer.concat([head, await more()])
      const start = head.indexOf(10) + 1
      const end = start + Number(head.latin1Slice(0, start - 1).split(' ')[2])
      const parts = [head]
      for (let size = head.length; size <= end; size += parts.at(-1).length) parts.push(await more())
      const answer = Buffer.concat(parts)
      rest = answer.subarray(end + 1)
      return answer.subarray(start, end)
    },
    close: async () => {
      child.stdin.end()
      await ended
    },
  }
}
