import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { EventBody } from '../../src/core/event.js'
import { promptctl } from '../helpers/cli.js'
import { startReceiver } from '../helpers/receiver.js'
import { createRegistry, type TestRegistry, tempDir } from '../helpers/registry.js'

const ZEROS = '0'.repeat(40)
const ENV = { PROMPTCTL_WEBHOOK_SECRET: 'hush', PROMPTCTL_WEBHOOK_ALLOW_HOSTS: '127.0.0.1' }

/** One branch of a push to a bare repository. */
interface Pushed {
  readonly branch: string
  readonly old?: string
  readonly new: string
}

/** A bare repository whose HEAD is main, at `head` if anywhere, and which holds the commits of `registry`. */
function createBare(registry: TestRegistry, head: string | undefined): string {
  const bare = join(tempDir(), 'bare.git')
  execFileSync('git', ['init', '-q', '--bare', '--initial-branch=main', bare], { env: registry.repo.env })
  const branches = registry.repo.git('for-each-ref', '--format=%(refname:short)', 'refs/heads').split('\n')
  registry.repo.git('push', '-q', bare, ...branches.map((branch) => `${branch}:refs/pushed/${branch}`))
  if (head !== undefined) registry.repo.git('--git-dir', bare, 'update-ref', 'refs/heads/main', head)
  return bare
}

const linesOf = (pushed: readonly Pushed[]): string =>
  pushed.map(({ branch, old = ZEROS, new: tip }) => `${old} ${tip} refs/heads/${branch}\n`).join('')

/** As the hooks of a bare repository call it: pre-receive before the branches move, post-receive afterwards. */
async function receive(registry: TestRegistry, bare: string, pushed: readonly Pushed[]) {
  const place = { dir: bare, env: { ...registry.repo.env, ...ENV }, stdin: linesOf(pushed) }
  const pre = await promptctl(place, 'lint', '--pre-receive')
  for (const { branch, new: tip } of pushed) {
    registry.repo.git('--git-dir', bare, 'update-ref', `refs/heads/${branch}`, tip)
  }
  return { pre, post: await promptctl(place, 'notify', '--post-receive') }
}

/** A branch with this configuration in a folder, and below it a prompt whose seal is broken. */
function branchOff(registry: TestRegistry, branch: string, path: string, config: string): string {
  const [, folder = ''] = /^(.*?)prompts\//.exec(path) ?? []
  registry.repo.git('switch', '-q', '-C', branch)
  registry.repo.write(`${folder}promptctl.yaml`, config)
  registry.repo.write(path, registry.repo.read(path.slice(folder.length)).replace('Hello', 'Hi'))
  return registry.commit(branch)
}

describe('which pushed branch is the shared one is decided outside of it', () => {
  const shared = (branch: string | undefined, url: string): string =>
    `name: acme\n${branch === undefined ? '' : `branch: ${branch}\n`}webhooks:\n  - url: ${url}\n    secret_env: PROMPTCTL_WEBHOOK_SECRET\n`

  it.each<[string, { head?: string; isUnborn?: boolean; folder?: string; says?: string; pushed: string }, boolean]>([
    ['a branch that calls itself shared', { head: 'main', says: 'evil', pushed: 'evil' }, false],
    ['the same where HEAD’s branch names none', { says: 'evil', pushed: 'evil' }, false],
    ['HEAD’s branch, where it names none', { pushed: 'main' }, true],
    ['the branch that HEAD’s branch names', { head: 'release', says: 'main', pushed: 'release' }, true],
    ['HEAD’s branch, where that names another', { head: 'release', says: 'release', pushed: 'main' }, false],
    ['a registry that HEAD does not hold, on HEAD’s branch', { folder: 'team/', says: 'main', pushed: 'main' }, true],
    ['the same on a branch that calls itself shared', { folder: 'team/', says: 'evil', pushed: 'evil' }, false],
    ['before there is any commit, what the push says', { isUnborn: true, says: 'trunk', pushed: 'trunk' }, true],
    ['before there is any commit, a branch that is not named', { isUnborn: true, says: 'main', pushed: 'x' }, false],
  ])('%s', async (_, { head, isUnborn = false, folder = '', says, pushed }, isShared) => {
    const receiver = await startReceiver()
    const registry = createRegistry({ config: shared(head, receiver.url) })
    const path = `${folder}${registry.file(registry.live('Greet').slug)}`
    const base = registry.head()
    const tip = branchOff(registry, pushed, path, shared(says, receiver.url))
    const bare = createBare(registry, isUnborn ? undefined : base)
    const old = pushed === 'main' ? { old: base } : {}
    const { pre, post } = await receive(registry, bare, [{ branch: pushed, ...old, new: tip }])
    expect([pre.exit, pre.stdout.includes(`${path}:`), pre.stderr]).toEqual([isShared ? 1 : 0, isShared, ''])
    expect([post.exit, receiver.received.length > 0], post.stderr).toEqual([0, isShared])
  })

  it('a first push of several branches: HEAD’s, which is among them, says it for all', async () => {
    const receiver = await startReceiver()
    const registry = createRegistry({ config: shared(undefined, receiver.url) })
    const path = registry.file(registry.live('Greet').slug)
    const base = registry.head()
    const tip = branchOff(registry, 'evil', path, shared('evil', receiver.url))
    const bare = createBare(registry, undefined)
    const pushed = [
      { branch: 'evil', new: tip },
      { branch: 'main', new: base },
    ]
    const { pre, post } = await receive(registry, bare, pushed)
    expect([pre.exit, pre.stdout, post.exit]).toEqual([0, '', 0])
    const commits = receiver.received.map(({ body }) => (JSON.parse(body.toString()) as EventBody).commit)
    expect(commits).toEqual(registry.repo.git('rev-list', '--reverse', '-2', base).split('\n'))
  })
})

describe('other branches pass', () => {
  it('whatever their configurations say, at any depth', async () => {
    const registry = createRegistry()
    const base = registry.head()
    registry.repo.git('switch', '-q', '-c', 'topic')
    registry.repo.write('promptctl.yaml', 'no_such: key\n')
    registry.repo.write('docs/deep/promptctl.yaml', 'name: [')
    const tip = registry.commit('wrong')
    const pushed = [{ branch: 'topic', new: tip }]
    const { pre, post } = await receive(registry, createBare(registry, base), pushed)
    expect([pre, post]).toMatchObject([
      { exit: 0, stdout: '', stderr: '' },
      { exit: 0, stdout: 'Nothing to tell.\n', stderr: '' },
    ])
  })
})

describe('a secret that is not set', () => {
  const config = (url: string, environment: string): string =>
    `branch: main\nwebhooks:\n  - url: ${url}\n    secret_env: PROMPTCTL_OTHER\n    environments: [${environment}]\n`

  it.each([
    ['production', 0, ''],
    ['development', 6, 'PROMPTCTL_OTHER'],
  ])('is told of an endpoint that wants an event of the push: %s, exit %i', async (environment, exit, named) => {
    const receiver = await startReceiver()
    const registry = createRegistry({ config: config(receiver.url, environment) })
    const base = registry.head()
    registry.live('Greet')
    const pushed = [{ branch: 'main', old: base, new: registry.head() }]
    const { post } = await receive(registry, createBare(registry, base), pushed)
    expect([post.exit, post.stderr.includes(named), post.stderr === ''], post.stderr).toEqual([exit, true, exit === 0])
    expect(receiver.received).toHaveLength(0)
  })
})
