import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isolatedEnv, type ProcessEnv } from './helpers/repo.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

let folder: string
let env: ProcessEnv
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'promptctl-quickstart-')))
  env = isolatedEnv(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const quickstart = (cwd: string, words: readonly string[] = [], more: ProcessEnv = {}, root = ROOT) => {
  mkdirSync(cwd, { recursive: true })
  const script = join(root, 'fixtures/quickstart.mjs')
  return spawnSync(process.execPath, [script, ...words], { cwd, env: { ...env, ...more }, encoding: 'utf8' })
}
const git = (cwd: string, ...words: string[]) => execFileSync('git', words, { cwd, env, encoding: 'utf8' })

describe('npm run quickstart', () => {
  it('makes a registry of its own inside another repository, without an identity, and tells the whole story', () => {
    const outer = join(folder, 'outer')
    mkdirSync(outer)
    git(outer, 'init', '--quiet')
    const hostile = {
      GIT_DIR: join(outer, '.git'),
      GIT_INDEX_FILE: join(outer, '.git/index'),
      PROMPTCTL_ENV: 'staging',
    }
    const { status, stdout } = quickstart(outer, [], hostile)
    expect(status).toBe(0)
    for (const word of [
      'init',
      'import',
      'new',
      'lint',
      'publish',
      'promote',
      'compile',
      'log',
      'diff',
      'rollback',
      'status',
    ]) {
      expect(stdout).toContain(`\n$ promptctl ${word}`)
    }
    const made = join(outer, 'promptctl-quickstart')
    expect(git(made, 'log', '--format=%an %s', '-1')).toMatch(/^Quickstart rollback\(production\): refund-email-/)
    expect(git(made, 'fsck', '--strict', '--no-dangling')).toBe('')
    expect(git(outer, 'rev-list', '--all')).toBe('')
    // The promise that was made too much is gone again.
    expect(stdout.lastIndexOf('Promise nothing')).toBeGreaterThan(stdout.lastIndexOf('Promise whatever'))
  })

  it('works without git', () => {
    const path = join(folder, 'no-git')
    mkdirSync(path)
    symlinkSync(process.execPath, join(path, 'node'))
    const { status } = quickstart(join(folder, 'plain'), ['kept here'], { PATH: path })
    expect(status).toBe(0)
    expect(git(join(folder, 'plain/kept here'), 'log', '--oneline').trim().split('\n')).toHaveLength(8)
  })

  it('takes the next free folder, and never touches one that is not empty', () => {
    const cwd = join(folder, 'taken')
    mkdirSync(join(cwd, 'promptctl-quickstart'), { recursive: true })
    writeFileSync(join(cwd, 'promptctl-quickstart/mine'), 'mine')
    expect(quickstart(cwd, ['promptctl-quickstart'])).toMatchObject({ status: 2, stdout: '' })
    expect(quickstart(cwd).status).toBe(0)
    expect(existsSync(join(cwd, 'promptctl-quickstart-2/promptctl.yaml'))).toBe(true)
    expect(readFileSync(join(cwd, 'promptctl-quickstart/mine'), 'utf8')).toBe('mine')
  })

  it('shows what the fixtures say, and fails when a command does', () => {
    const copy = join(folder, 'project')
    for (const part of ['bin', 'dist', 'fixtures']) cpSync(join(ROOT, part), join(copy, part), { recursive: true })
    const text = join(copy, 'fixtures/quickstart/refund-email.txt')
    writeFileSync(text, readFileSync(text, 'utf8').replace('Be warm and plain', 'Be brief'))
    expect(quickstart(join(folder, 'changed'), [], {}, copy).stdout).toContain('\nBe brief.')
    writeFileSync(text, 'An {{unclosed tag')
    const { status, stderr } = quickstart(join(folder, 'broken'), [], {}, copy)
    expect([status, /where 0 was expected/.test(stderr)]).toEqual([1, true])
  })
})

describe('fixtures/registry', () => {
  it('has no errors, and compiles strictly with its examples', () => {
    const copy = join(folder, 'registry')
    cpSync(join(ROOT, 'fixtures/registry'), copy, { recursive: true })
    const run = (...words: string[]) =>
      spawnSync(process.execPath, [join(ROOT, 'bin/promptctl.js'), ...words, '--json'], {
        cwd: copy,
        env,
        encoding: 'utf8',
      })
    expect(JSON.parse(run('lint').stdout)).toMatchObject({ errors: 0 })
    expect(JSON.parse(run('compile', '--strict').stdout)).toMatchObject({ compiled: 12, failed: 0, skipped: 2 })
  })
})
