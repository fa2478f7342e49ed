import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createRepo, type TestRepo } from '../helpers/repo.js'

/** Real processes that commit through the embedded engine, on a PATH that has no git. */

const folder = mkdtempSync(join(tmpdir(), 'promptctl-worker-'))
const repos: TestRepo[] = []

beforeAll(async () => {
  const input = fileURLToPath(new URL('embedded-worker.ts', import.meta.url))
  await build({
    input,
    platform: 'node',
    logLevel: 'silent',
    output: { dir: folder, format: 'esm', entryFileNames: 'worker.mjs' },
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => {
  for (const repo of repos.splice(0)) repo.remove()
})

function createWorkedRepo(): TestRepo {
  const repo = createRepo()
  repos.push(repo)
  repo.commitFiles('one', { other: '1' })
  return repo
}

interface Worker {
  readonly child: ChildProcess
  readonly ended: Promise<{ status: number | null; commits: readonly string[]; stderr: string }>
}

function startWorker(repo: TestRepo, name: string, count: number, mode = 'locked'): Worker {
  const args = [join(folder, 'worker.mjs'), repo.dir, name, String(count), mode]
  const child = spawn(process.execPath, args, {
    env: { ...repo.env, PATH: '/nonexistent' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data) => (stdout += data))
  child.stderr.on('data', (data) => (stderr += data))
  const ended: Worker['ended'] = new Promise((resolve) => {
    child.on('close', (status) =>
      resolve({ status, commits: stdout.split('\n').filter((line) => line.length === 40), stderr }),
    )
  })
  return { child, ended }
}

const filesIn = (repo: TestRepo): string => repo.git('ls-tree', '-r', '--name-only', 'HEAD')
const locksIn = (repo: TestRepo): readonly string[] =>
  readdirSync(join(repo.dir, '.git'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lock'))

describe('processes that commit through the embedded engine', () => {
  it.each(['locked', 'unlocked'])(
    'all succeed, four at once, %s [case 28]',
    async (mode) => {
      const repo = createWorkedRepo()
      const workers = ['a', 'b', 'c', 'd'].map((name) => startWorker(repo, name, 4, mode))
      const results = await Promise.all(workers.map(({ ended }) => ended))
      expect(results.map(({ status, stderr }) => [status, stderr])).toEqual(Array(4).fill([0, '']))
      const reachable = repo.git('rev-list', 'HEAD').split('\n')
      expect(reachable).toHaveLength(17)
      expect(reachable).toEqual(expect.arrayContaining(results.flatMap(({ commits }) => commits)))
      expect(filesIn(repo).split('\n')).toHaveLength(33)
      expect(repo.git('status', '--porcelain')).toBe('')
      expect(locksIn(repo)).toEqual([])
      repo.check()
    },
    30_000,
  )

  it('lose nothing that they reported when they are killed, and the next one tidies up [case 32]', async () => {
    const repo = createWorkedRepo()
    const reported: string[] = []
    for (let round = 0; round < 6; round += 1) {
      const { child, ended } = startWorker(repo, `k${round}`, 1000)
      await new Promise((resolve) => child.stdout?.once('data', resolve))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40))
      child.kill('SIGKILL')
      reported.push(...(await ended).commits)
      repo.check()
    }
    const { status, stderr } = await startWorker(repo, 'last', 1).ended
    expect([status, stderr]).toEqual([0, ''])
    expect(repo.git('rev-list', 'HEAD').split('\n')).toEqual(expect.arrayContaining(reported))
    expect(repo.git('status', '--porcelain')).toBe('')
    expect(readdirSync(join(repo.dir, 'prompts')).filter((name) => !name.endsWith('.yaml'))).toEqual([])
    expect(locksIn(repo)).toEqual([])
    repo.check()
  })
})
