import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './measure.mjs'
import { openRepository } from './repository.mjs'
import { openSurroundings } from './surroundings.mjs'

const CACHES = '.git/promptctl/root/cache'

/** What a figure works with; `options` are those of the command line. */
export function openContext({ bin, seed, short, large, samples, keep, progress }) {
  const surroundings = openSurroundings(keep)
  const { env } = surroundings
  const node = process.execPath
  const opened = new Map()
  const warmed = new Set()
  let clones = 0

  /** `small`, `large` or `wide`; a short run has a tiny one in place of the small one. */
  const repository = (size) => {
    const name = short && size === 'small' ? 'tiny' : size
    if (!opened.has(name)) opened.set(name, openRepository(name, { seed, env, progress }))
    return opened.get(name)
  }
  const promptctl = (...words) => [node, bin, ...words]

  return {
    surroundings,
    env,
    node,
    seed,
    samples,
    repository,
    promptctl,
    hasLarge: large,
    bench: fileURLToPath(new URL('.', import.meta.url)),
    /** The peer that every start is measured against. */
    bare: [node, '-e', '0'],
    count: () => ++clones,

    /** A repository whose ledger has been built. What an older promptctl left there does not count. */
    async warm(size) {
      const found = await repository(size)
      if (warmed.has(found.name)) return found
      progress(`building the ledger of the ${found.name} repository`)
      rmSync(join(found.dir, CACHES), { recursive: true, force: true })
      run(promptctl('status'), { cwd: found.dir, env })
      warmed.add(found.name)
      return found
    },

    /** Runs `action` without the repository's caches; `forget` removes what it has built. Puts the old ones back. */
    async withoutCaches({ dir }, action) {
      const [caches, aside] = [join(dir, CACHES), join(dir, `${CACHES}.aside`)]
      const forget = () => rmSync(caches, { recursive: true, force: true })
      if (existsSync(caches)) renameSync(caches, aside)
      try {
        return await action(forget)
      } finally {
        forget()
        if (existsSync(aside)) renameSync(aside, caches)
      }
    },
  }
}
