import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openScratch } from '../../src/git/journal.js'
import { openNative } from '../../src/git/native/open.js'
import { recover } from '../../src/git/recover.js'
import { writeWorkTreeFiles } from '../../src/git/work-tree-files.js'
import type { Repository } from '../../src/registry/ports.js'
import { bundle } from '../helpers/bundle.js'
import type { TestRepo } from '../helpers/repo.js'
import { expectNoLeftovers, expectUntouched } from './contract-commits.js'
import { bytes, createWorld, type Engine, PROMPT } from './world.js'

const engine: Engine = { name: 'native', open: (dir, env) => openNative(dir, { env }) }
const world = createWorld(engine)
let worker: Awaited<ReturnType<typeof bundle>>

beforeAll(async () => {
  worker = await bundle('test/git/native-worker.ts')
})
afterAll(() => worker.remove())
afterEach(() => world.end())

async function start() {
  const repo = world.repo()
  repo.commitFiles('one', { [PROMPT]: '1', other: '1' })
  return { repo, repository: await world.open(repo) }
}

/** Writes files as a commit does, and leaves them as a process that died then leaves them. */
async function dieWriting(repo: TestRepo, repository: Repository, files: Record<string, string>): Promise<void> {
  const scratch = await openScratch(repository.gitDir)
  await writeWorkTreeFiles({
    workTree: repo.dir,
    scratch,
    blobId: repository.blobId,
    files: Object.entries(files).map(([path, content]) => ({ path, content: bytes(content) })),
  })
  const journal = scratch.path('journal.json')
  const text = readFileSync(journal, 'utf8').replace(/"pid":\d+/, '"pid":4194305')
  writeFileSync(journal, text)
}

describe('recovery', () => {
  it('puts back what a dead process wrote and never committed [case 32]', async () => {
    const { repo, repository } = await start()
    await dieWriting(repo, repository, { [PROMPT]: '2', 'prompts/new/deep/x': 'y' })
    expect(repo.read('prompts/new/deep/x')).toBe('y')
    expect([...(await recover(repository))].sort()).toEqual(['prompts/new/deep/x', PROMPT])
    expectUntouched(repo, '1', 'one')
    expect(existsSync(join(repo.dir, 'prompts/new'))).toBe(false)
    expect(await recover(repository)).toEqual([])
  })

  it('forgets the intent to add a file that never came', async () => {
    const { repo, repository } = await start()
    await dieWriting(repo, repository, { 'prompts/new/x': 'y' })
    repo.git('add', '-N', 'prompts/new/x')
    await recover(repository)
    expectUntouched(repo, '1', 'one')
  })

  it('lets stand what HEAD holds, and brings the index up to it', async () => {
    const { repo, repository } = await start()
    await dieWriting(repo, repository, { [PROMPT]: '2' })
    const stale = readFileSync(join(repo.dir, '.git/index'))
    repo.git('commit', '-q', '-m', 'two', '--', PROMPT)
    writeFileSync(join(repo.dir, '.git/index'), stale)
    expect(await recover(repository)).toEqual([])
    expectUntouched(repo, '2', 'two')
  })

  it('leaves a file alone that somebody has edited since', async () => {
    const { repo, repository } = await start()
    await dieWriting(repo, repository, { [PROMPT]: '2', other: '2' })
    repo.write(PROMPT, 'edited since')
    expect(await recover(repository)).toEqual(['other'])
    expect(repo.read(PROMPT)).toBe('edited since')
    expect(repo.read('other')).toBe('1')
    expectNoLeftovers(repo)
  })

  it('leaves the journal of a live process, and drops one that a power cut tore', async () => {
    const { repo, repository } = await start()
    const scratch = await openScratch(repository.gitDir)
    const write = { workTree: repo.dir, scratch, blobId: repository.blobId }
    await writeWorkTreeFiles({ ...write, files: [{ path: PROMPT, content: bytes('2') }] })
    expect(await recover(repository)).toEqual([])
    expect(repo.read(PROMPT)).toBe('2')
    const torn = join(repository.gitDir, 'promptctl/pending-4194305-abcdef')
    mkdirSync(torn)
    writeFileSync(join(torn, 'journal.json'), '{"proc')
    expect(await recover(repository)).toEqual([])
    expect(readdirSync(join(repository.gitDir, 'promptctl'))).toHaveLength(1)
  })

  it('mends every repository that a SIGKILL hits in the middle of a commit [case 32]', async () => {
    const { repo, repository } = await start()
    repo.hook('pre-commit', 'sleep 0.02')
    const printed: string[] = []
    for (let round = 0; round < 12; round += 1) {
      printed.push(...(await commitUntilKilled(repo, 20 + Math.random() * 220)))
      // What git itself leaves is for the user to remove, as promptctl says.
      for (const name of ['index.lock', 'HEAD.lock', 'refs/heads/main.lock']) {
        rmSync(join(repo.dir, '.git', name), { force: true })
      }
      await recover(repository)
      expect(repo.git('status', '--porcelain')).toBe('')
      expect(repo.read(PROMPT)).toBe(repo.git('show', `HEAD:${PROMPT}`))
      expectNoLeftovers(repo)
    }
    repo.check()
    const reachable = new Set(repo.git('rev-list', 'HEAD').split('\n'))
    expect(printed.filter((commit) => !reachable.has(commit))).toEqual([])
  })

  it('has four processes commit side by side under the lock, and loses nothing [case 28]', async () => {
    const { repo } = await start()
    const outputs = await Promise.all(
      [1, 2, 3, 4].map((n) => runWorker(repo, ['8', `prompts/development/p${n}.yaml`]).output),
    )
    const printed = outputs.flatMap((output) => output.trim().split('\n'))
    expect(printed).toHaveLength(32)
    const chain = repo.git('rev-list', '--first-parent', 'HEAD').split('\n')
    expect(printed.filter((commit) => !chain.includes(commit))).toEqual([])
    expect(chain).toHaveLength(33)
    expect(repo.git('status', '--porcelain')).toBe('')
    repo.check()
  })
})

/** A process group that commits again and again; its output is one commit a line. */
function runWorker(repo: TestRepo, args: readonly string[]) {
  const child = spawn(process.execPath, [worker.program, repo.dir, ...args], {
    env: { ...repo.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  return { child, output: new Promise<string>((resolve) => child.on('close', () => resolve(output))) }
}

async function commitUntilKilled(repo: TestRepo, ms: number): Promise<readonly string[]> {
  const { child, output } = runWorker(repo, ['1000', PROMPT])
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await sleep(ms)
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  return (await output).split('\n').filter((line) => line.length === 40)
}
