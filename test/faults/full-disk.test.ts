import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRegistry, ENGINES, type Engine, type TestRegistry, tempDir } from '../helpers/registry.js'
import { isLong, report } from './budget.js'
import { runBinary } from './inject/faulty.js'
import { errorOf, leftovers } from './state.js'

/** A real file system of a few hundred KiB that is full, or nearly; and folders that nobody can write to. */

const SIZE_KIB = 900
/** Bytes that are free when the command starts. */
const FREE = isLong ? [0, 4096, 8192, 12_288, 20_480, 32_768, 49_152, 57_344, 65_536] : [0, 49_152]

/** Why no tmpfs can be mounted here; undefined where it can. */
function obstacle(): string | undefined {
  const dir = tempDir()
  const { status, stderr, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir], {
    encoding: 'utf8',
  })
  if (status !== 0) return error?.message ?? stderr.trim()
  execFileSync('umount', [dir])
  return undefined
}

const missing = obstacle()
if (missing !== undefined) console.warn(`NOT RUN: test/faults/full-disk.test.ts needs a mount of a tmpfs: ${missing}`)

/** Root writes where no permission is needed: what stops it is a mount. */
const isRoot = process.getuid?.() === 0

/** Makes a folder one that cannot be written to, and returns what undoes that. */
function freeze(folder: string): () => void {
  if (!isRoot) {
    chmodSync(folder, 0o555)
    return () => chmodSync(folder, 0o755)
  }
  execFileSync('mount', ['--bind', folder, folder])
  // A git that was started before may not have ended.
  const thaw = () => execFileSync('umount', ['--lazy', folder])
  try {
    execFileSync('mount', ['-o', 'remount,bind,ro', folder])
  } catch (error) {
    thaw()
    throw error
  }
  return thaw
}

function fill(file: string, free: number): void {
  execFileSync('sh', ['-c', `cat /dev/zero > '${file}' 2>/dev/null; truncate -s -${free} '${file}'; true`])
}

async function onSmallDisk(
  engine: Engine,
  action: (registry: TestRegistry, filler: string, slug: string) => Promise<void>,
) {
  const mount = tempDir()
  const template = createRegistry({ engine })
  const { slug } = template.live('Greet', 'Hello {{name}}')
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_KIB}k`, 'tmpfs', mount])
  try {
    mkdirSync(join(mount, 'repo'))
    cpSync(template.dir, join(mount, 'repo'), { recursive: true })
    await action(createRegistry({ engine, existing: join(mount, 'repo') }), join(mount, 'filler'), slug)
  } finally {
    execFileSync('umount', [mount])
  }
}

describe.skipIf(missing !== undefined)('a disk that is full', () => {
  it.each(ENGINES)(
    'says so with status 6, leaves everything whole, and takes it when there is room: %s [case 34]',
    async (engine) => {
      await onSmallDisk(engine, async (registry, filler, slug) => {
        let refused = 0
        for (const free of FREE) {
          const argv = ['edit', slug, '--template-file', '-', '--publish', '--json']
          const stdin = `${randomBytes(6000).toString('hex')} {{name}}`
          const before = registry.head()
          fill(filler, free)
          const ended = await runBinary(registry, argv, { stdin })
          rmSync(filler)
          const about = `${free} bytes free: ${ended.stderr}`
          expect(registry.repo.git('status', '--porcelain'), about).toBe('')
          registry.repo.check()
          if (ended.exit === 0) continue
          refused += 1
          const { code, message } = errorOf(ended, about)
          expect([code, message], about).toEqual(['unavailable', expect.stringMatching(/space|ENOSPC/i)])
          expect(registry.head(), about).toBe(before)
          const again = await runBinary(registry, argv, { stdin })
          expect(again.exit, `again after ${about} ${again.stderr}`).toBe(0)
          expect(leftovers(registry), about).toEqual([])
        }
        expect(refused).toBeGreaterThan(0)
        report('io', { engine, fullDisks: FREE.length, refused })
      })
    },
    60_000,
  )
})

const FROZEN = ['prompts/development', '.git', ...(isLong ? ['.', '.git/objects', '.git/refs/heads'] : [])]
const cases = ENGINES.flatMap((engine) => FROZEN.map((folder) => [folder, engine] as const))

describe.skipIf(isRoot && missing !== undefined)('a folder that cannot be written to', () => {
  it.each(cases)('is named with status 6, and nothing is half done: %s, %s [case 34]', async (folder, engine) => {
    const registry = createRegistry({ engine })
    const { slug } = registry.live('Greet', 'Hello {{name}}')
    const argv = ['edit', slug, '--set', 'title=Other', '--publish']
    const before = [registry.head(), registry.repo.read(registry.file(slug))]
    const thaw = freeze(join(registry.dir, folder))
    try {
      const { message } = await registry.fails(6, 'unavailable', ...argv)
      expect(message).toMatch(/read-only file system|permission denied/i)
      expect([registry.head(), registry.repo.read(registry.file(slug))]).toEqual(before)
      expect(await registry.served(slug)).toBe('Hello Bo')
    } finally {
      thaw()
    }
    expect(registry.repo.git('status', '--porcelain')).toBe('')
    await registry.json(...argv)
    registry.repo.check()
    expect(leftovers(registry)).toEqual([])
  })
})
