import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { EventBody } from '../../src/core/event.js'
import { promptctl } from '../helpers/cli.js'
import { startReceiver } from '../helpers/receiver.js'
import { createRegistry, type TestRegistry, tempDir } from '../helpers/registry.js'
import { createTeam, publishEdit, type Team } from '../helpers/team.js'

const BIN = fileURLToPath(new URL('../../bin/promptctl.js', import.meta.url))
const PROGRAM = [process.execPath, BIN]

interface Record {
  readonly name: string
  readonly path: string
  readonly action: string
}

/** Installs or uninstalls, so that the hooks start promptctl as it is built here. */
async function hooks(registry: TestRegistry, action: string, dir = registry.dir): Promise<readonly Record[]> {
  const result = await promptctl(registry.place({ dir, program: PROGRAM }), 'hooks', action, '--json')
  expect(result.stderr).toBe('')
  return result.json<{ hooks: Record[] }>().hooks
}

const actions = (records: readonly Record[]): string[] => records.map(({ name, action }) => `${name} ${action}`)

const tryCommit = (registry: TestRegistry, ...flags: string[]) =>
  registry.repo.run(['commit', '-q', '-m', 'try', ...flags])

/** A team whose remote checks what it receives. */
async function guardedTeam(config?: string): Promise<Team> {
  const team = createTeam(config)
  const installed = await hooks(team.ada, 'install', team.origin)
  expect(actions(installed)).toEqual(['pre-receive installed', 'post-receive installed'])
  return team
}

const gitPush = (registry: TestRegistry, ...args: string[]) =>
  spawnSync('git', ['push', '-q', 'origin', ...args], {
    cwd: registry.dir,
    env: { ...registry.repo.env, PROMPTCTL_WEBHOOK_SECRET: 'hush', PROMPTCTL_WEBHOOK_ALLOW_HOSTS: '127.0.0.1' },
    encoding: 'utf8',
  })

describe('pre-commit', () => {
  it('lets pass what is right in the index, and nothing else; the index stays as it is [case 26]', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Greet', 'Hello {{name}}\n')
    expect(actions(await hooks(registry, 'install'))).toEqual(['pre-commit installed'])
    const index = join(registry.dir, '.git/index')
    const head = registry.head()

    registry.edit(slug, 'Hello', 'Hi')
    const before = readFileSync(index)
    expect(tryCommit(registry, '-a')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('broken_seal'),
    })
    expect(readFileSync(index).equals(before)).toBe(true)
    expect(registry.head()).toBe(head)

    const right = readFileSync(join(registry.dir, registry.file(slug)), 'utf8').replace('Hi', 'Hello')
    registry.repo.git('add', '-A')
    writeFileSync(join(registry.dir, registry.file(slug)), right)
    const staged = registry.repo.git('ls-files', '--stage')
    expect(tryCommit(registry).status).toBe(1)
    // git itself refreshes the times in it.
    expect(registry.repo.git('ls-files', '--stage')).toBe(staged)

    writeFileSync(join(registry.dir, registry.file(slug)), right.replace('title: Greet', 'title: Greeting'))
    registry.repo.git('add', '-A')
    registry.edit(slug, 'Hello', 'broken {{#')
    expect(tryCommit(registry)).toMatchObject({ status: 0, stderr: '' })
    expect(registry.head()).not.toBe(head)
  })

  it('passes our own commands, and a merge of two publishes that was resolved [cases 15b, 15e]', async () => {
    const registry = createRegistry()
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}\n`).join('')
    const { slug } = registry.live('Greet', lines)
    await hooks(registry, 'install')
    registry.repo.git('checkout', '-q', '-b', 'side')
    registry.edit(slug, 'line 1\n', 'line one\n')
    await registry.json('publish', slug)
    registry.repo.git('checkout', '-q', 'main')
    registry.edit(slug, 'line 18', 'line eighteen')
    await registry.json('publish', slug)
    expect(registry.repo.run(['merge', '-q', 'side']).status).toBe(1)
    const path = join(registry.dir, registry.file(slug))
    const merged = readFileSync(path, 'utf8').replace(/<<<<<<< .*\n([\s\S]*?)=======\n[\s\S]*?>>>>>>> .*\n/g, '$1')
    writeFileSync(path, merged)
    registry.repo.git('add', '-A')
    await registry.json('publish', slug, '--stage')
    expect(tryCommit(registry)).toMatchObject({ status: 0, stderr: '' })
    expect((await registry.log(slug)).map(({ version }) => version)).toEqual([4, 3, 2, 1])
    await registry.json('archive', slug)
    await registry.json('rollback', slug, '2', '--restore')
  })

  it('respects core.hooksPath, linked worktrees and folders with several registries', async () => {
    const registry = createRegistry()
    const folder = join(tempDir(), "it's hooks")
    registry.repo.git('config', 'core.hooksPath', folder)
    const [record] = await hooks(registry, 'install')
    expect(record?.path).toBe(join(folder, 'pre-commit'))
    registry.repo.git('config', '--unset', 'core.hooksPath')
    const linked = join(tempDir(), 'linked')
    registry.repo.git('worktree', 'add', '-q', linked)
    const [other] = await hooks(registry, 'install', linked)
    expect(other?.path).toBe(join(registry.dir, '.git/hooks/pre-commit'))
    registry.repo.write('team é/promptctl.yaml', 'name: team\nbranch: main\n')
    registry.repo.write('team é/prompts/development/x.yaml', 'broken: [')
    registry.repo.git('add', '-A')
    expect(tryCommit(registry)).toMatchObject({ status: 1, stderr: expect.stringContaining('x.yaml') })
  })

  it('is installed once, and uninstalled when it is ours; a foreign hook is not touched', async () => {
    const registry = createRegistry()
    const hook = join(registry.dir, '.git/hooks/pre-commit')
    expect(actions(await hooks(registry, 'uninstall'))).toEqual(['pre-commit absent'])
    await hooks(registry, 'install')
    expect(actions(await hooks(registry, 'install'))).toEqual(['pre-commit unchanged'])
    expect((await registry.cli('doctor')).stdout).toContain('installed: pre-commit')
    writeFileSync(hook, readFileSync(hook, 'utf8').replaceAll(BIN, '/elsewhere/promptctl.js'))
    const edited = readFileSync(hook, 'utf8')
    await registry.fails(4, 'conflict', 'hooks', 'install')
    expect(readFileSync(hook, 'utf8')).toBe(edited)
    writeFileSync(hook, '#!/bin/sh\nexit 0\n', { mode: 0o755 })
    const { hint } = await registry.fails(4, 'conflict', 'hooks', 'install')
    expect(hint).toContain('promptctl lint --staged')
    expect(actions(await hooks(registry, 'uninstall'))).toEqual(['pre-commit foreign'])
    expect(readFileSync(hook, 'utf8')).toBe('#!/bin/sh\nexit 0\n')
    expect((await registry.cli('doctor')).stdout).toContain('not installed: pre-commit')
    execFileSync('rm', [hook])
    await hooks(registry, 'install')
    expect(actions(await hooks(registry, 'uninstall'))).toEqual(['pre-commit removed'])
    expect(existsSync(hook)).toBe(false)
    expect(readdirSync(join(registry.dir, '.git/hooks'))).toEqual([])
  })

  it('leaves husky’s generated folder alone, and names the file that husky runs', async () => {
    const registry = createRegistry()
    const generated = join(registry.dir, '.husky/_')
    registry.repo.git('config', 'core.hooksPath', '.husky/_')
    mkdirSync(generated, { recursive: true })
    for (const script of [undefined, '#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n']) {
      if (script !== undefined) writeFileSync(join(generated, 'pre-commit'), script, { mode: 0o755 })
      const error = await registry.fails(4, 'conflict', 'hooks', 'install')
      expect(error.details).toMatchObject({ path: join(registry.dir, '.husky/pre-commit') })
      expect(error.message).toContain(join(registry.dir, '.husky/pre-commit'))
      expect(readdirSync(generated)).toEqual(script === undefined ? [] : ['pre-commit'])
    }
    expect((await registry.cli('doctor')).stdout).toContain('not installed: pre-commit')
    writeFileSync(join(registry.dir, '.husky/pre-commit'), 'promptctl lint --staged\n')
    expect(actions(await hooks(registry, 'install'))).toEqual(['pre-commit unchanged'])
    expect((await registry.cli('doctor')).stdout).toContain('installed: pre-commit')
  })

  it('blocks where promptctl cannot be found, and says so; without a registry it has no say', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Greet')
    expect(
      (await promptctl(registry.place({ program: ['/gone/node', '/gone/promptctl.js'] }), 'hooks', 'install')).exit,
    ).toBe(0)
    registry.edit(slug, 'Hello', 'Hi')
    expect(tryCommit(registry, '-a')).toMatchObject({ status: 1, stderr: expect.stringContaining('--no-verify') })
    registry.repo.git('rm', '-q', '-r', '-f', 'promptctl.yaml', 'prompts')
    expect(tryCommit(registry, '--no-verify').status).toBe(0)
    registry.repo.write('notes.txt', 'no registry here')
    registry.repo.git('add', '-A')
    expect(tryCommit(registry).status).toBe(0)
  })

  it('is not led astray by how git is told to read paths', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Greet')
    registry.edit(slug, 'Hello', 'Hi')
    const commit = () => registry.repo.run(['--literal-pathspecs', 'commit', '-q', '-am', 'x'])
    await hooks(registry, 'install')
    expect(commit()).toMatchObject({ status: 1, stderr: expect.stringContaining('broken_seal') })
    // A hook of one's own, which calls what the message says.
    const hook = join(registry.dir, '.git/hooks/pre-commit')
    writeFileSync(hook, `#!/bin/sh\nexec ${PROGRAM.join(' ')} lint --staged\n`, { mode: 0o755 })
    expect(commit()).toMatchObject({ status: 1, stderr: expect.stringContaining('broken_seal') })
  })

  it.each(['te"am', 'te\\n*am\t \x1b[31m'])(
    'checks a registry in the folder %j, and says when it cannot',
    async (folder) => {
      const registry = createRegistry()
      await hooks(registry, 'install')
      registry.repo.write(`${folder}/promptctl.yaml`, 'name: team\nbranch: main\n')
      registry.repo.write(`${folder}/prompts/development/x.yaml`, 'broken: [')
      registry.repo.git('add', '-A')
      expect(tryCommit(registry)).toMatchObject({ status: 1, stderr: expect.stringContaining('x.yaml') })
      renameSync(join(registry.dir, folder, 'promptctl.yaml'), join(registry.dir, folder, 'away'))
      const refused = tryCommit(registry)
      expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('is not in the work tree') })
      expect(refused.stderr).not.toContain('\x1b')
      // What is not staged needs no check: a sparse checkout leaves it out.
      registry.repo.git('reset', '-q', '--', `:(literal)${folder}/prompts`)
      expect(tryCommit(registry)).toMatchObject({ status: 0, stderr: '' })
    },
  )

  it('refuses a registry whose folder has a line end in its name', async () => {
    const registry = createRegistry()
    await hooks(registry, 'install')
    registry.repo.write('te\nam/promptctl.yaml', 'name: team\n')
    registry.repo.git('add', '-A')
    expect(tryCommit(registry)).toMatchObject({ status: 1, stderr: expect.stringContaining('a line end') })
  })

  it('does not let a registry go without a word', async () => {
    const registry = createRegistry()
    registry.live('Greet')
    await hooks(registry, 'install')
    registry.repo.git('rm', '-q', '-r', 'prompts', 'promptctl.yaml')
    expect(tryCommit(registry)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('This commit deletes promptctl.yaml'),
    })
    expect(tryCommit(registry, '--no-verify').status).toBe(0)
  })
})

describe('a bare repository', () => {
  it('takes what is right and tells the webhook, one event a version, in order [case 44]', async () => {
    const receiver = await startReceiver()
    const team = await guardedTeam(
      `name: acme\nbranch: main\nwebhooks:\n  - url: ${receiver.url}\n    secret_env: PROMPTCTL_WEBHOOK_SECRET\n`,
    )
    team.ada.live('Greet', 'Hello {{name}}\n', 'production')
    expect(gitPush(team.ada, 'main')).toMatchObject({ status: 0 })
    expect(team.tip()).toBe(team.ada.head())
    await receiver.waitFor(4)
    const bodies = receiver.received.map(({ body }) => JSON.parse(body.toString('utf8')) as EventBody)
    expect(bodies.map(({ version, action }) => `${version} ${action}`)).toEqual([
      '1 created',
      '2 published',
      '3 promoted',
      '4 promoted',
    ])
  })

  it('refuses what would renumber, a rewritten history and a deletion; the way out works [case 15a]', async () => {
    const team = await guardedTeam()
    const { ada, origin } = team
    ada.repo.git('--git-dir', origin, 'config', 'receive.denyDeletes', 'false')
    ada.repo.git('--git-dir', origin, 'config', 'receive.denyDeleteCurrent', 'ignore')
    const bob = team.clone()
    const { slug } = ada.live('Greet')
    await publishEdit(ada, slug, 'Dear')
    expect(gitPush(ada, 'main').status).toBe(0)
    const tip = team.tip()
    bob.repo.write('notes.txt', 'mine\n')
    bob.commit('unrelated')
    bob.repo.git('pull', '-q', '--no-rebase', '--no-edit')
    const refused = gitPush(bob, 'main')
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('[renumbers]') })
    expect(refused.stderr).toContain('git pull --rebase')
    expect(team.tip()).toBe(tip)
    bob.repo.git('pull', '-q', '--rebase')
    expect(gitPush(bob, 'main').status).toBe(0)

    ada.repo.git('commit', '-q', '--amend', '-m', 'other')
    expect(gitPush(ada, '--force', 'main')).toMatchObject({ status: 1, stderr: expect.stringContaining('[renumbers]') })
    expect(gitPush(ada, ':main')).toMatchObject({ status: 1, stderr: expect.stringContaining('[renumbers]') })
    expect(team.tip()).toBe(bob.head())
  })

  it('refuses what breaks a rule, in every registry; other branches pass', async () => {
    const team = await guardedTeam()
    const { ada } = team
    const { slug } = ada.live('Greet')
    expect(gitPush(ada, 'main').status).toBe(0)
    ada.edit(slug, 'Hello', 'Hi')
    ada.commit('unpublished')
    const refused = gitPush(ada, 'main')
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('broken_seal') })
    expect(gitPush(ada, 'main:refs/heads/topic').status).toBe(0)
    ada.repo.git('reset', '-q', '--hard', 'HEAD~1')
    ada.repo.write('team/promptctl.yaml', 'name: team\nbranch: main\n')
    ada.repo.write('team/prompts/development/x.yaml', 'broken: [')
    ada.commit('another registry')
    expect(gitPush(ada, 'main').stderr).toContain('team/prompts/development/x.yaml:1')
    ada.repo.git('reset', '-q', '--hard', 'HEAD~1')
    ada.repo.git('rm', '-q', 'promptctl.yaml')
    ada.commit('no registry')
    expect(gitPush(ada, 'main').stderr).toContain('[deleted]')
    ada.repo.git('reset', '-q', '--hard', 'HEAD~1')
    ada.repo.write('promptctl.yaml', 'branch: other\nno_such: key\n')
    ada.commit('wrong configuration')
    expect(gitPush(ada, 'main')).toMatchObject({ status: 1, stderr: expect.stringContaining('no_such') })
    ada.repo.write('promptctl.yaml', 'branch: other\n')
    ada.edit(slug, 'Hello', 'Hi')
    ada.commit('to get around it', '--amend')
    expect(gitPush(ada, 'main')).toMatchObject({ status: 1, stderr: expect.stringContaining('broken_seal') })
  })

  it('checks all files of a branch that is new, in a repository that was empty', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Greet')
    const origin = join(tempDir(), 'empty.git')
    execFileSync('git', ['init', '-q', '--bare', '--initial-branch=main', origin], { env: registry.repo.env })
    await hooks(registry, 'install', origin)
    registry.repo.git('remote', 'add', 'origin', origin)
    registry.edit(slug, 'Hello', 'Hi')
    registry.commit('unpublished')
    expect(gitPush(registry, 'main')).toMatchObject({ status: 1, stderr: expect.stringContaining('broken_seal') })
    registry.repo.git('reset', '-q', '--hard', 'HEAD~1')
    expect(gitPush(registry, 'main').status).toBe(0)
  })
})
