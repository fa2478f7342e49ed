import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openNative } from '../../src/git/native/open.js'
import { expectNoLeftovers, expectUntouched } from './contract-commits.js'
import { collectHistory, commitFiles, createWorld, type Engine, oid, PROMPT } from './world.js'

const engine: Engine = { name: 'native', open: (dir, env) => openNative(dir, { env }) }
const world = createWorld(engine)
afterEach(() => world.end())

/** A repository with one commit that holds the prompt with the text `1`. */
async function start() {
  const repo = world.repo()
  repo.commitFiles('one', { [PROMPT]: '1', other: '1' })
  return { repo, repository: await world.open(repo) }
}

/** Both ways to make a commit: `git commit --only`, and its parts (which a carriage return asks for). */
const WAYS = [
  ['with git commit', '2'],
  ['by parts', '2\r'],
] as const

describe.each(WAYS)('hooks of a commit made %s', (_, content) => {
  it.each(['pre-commit', 'commit-msg', 'prepare-commit-msg'])('%s can say no [case 19]', async (name) => {
    const { repo, repository } = await start()
    repo.hook(name, 'echo "to stdout"; echo "no such luck" >&2; exit 3')
    const attempt = commitFiles(repository, { [PROMPT]: content, 'prompts/new/x': 'y' })
    await expect(attempt).rejects.toMatchObject({
      code: 'rejected',
      message: expect.stringMatching(/^(A commit|The [a-z-]+) hook said no$/),
      details: { output: expect.stringMatching(/to stdout\n(.*\n)*no such luck/) },
    })
    expect(repo.git('diff-files')).toBe('')
    expectUntouched(repo, '1', 'one')
    expect(existsSync(join(repo.dir, 'prompts/new'))).toBe(false)
    repo.check()
  })

  it('that says no leaves an index that knows the files, also when one of them is new', async () => {
    const { repo, repository } = await start()
    repo.hook('pre-commit', 'sleep 1; exit 1') // the times in the index are whole seconds
    const attempt = commitFiles(repository, { [PROMPT]: content, 'prompts/new/x': 'y' })
    await expect(attempt).rejects.toMatchObject({ code: 'rejected' })
    expect(repo.git('diff-files')).toBe('')
  })

  it('is not asked without verify', async () => {
    const { repo, repository } = await start()
    repo.hook('pre-commit', 'exit 1')
    repo.hook('commit-msg', 'exit 1')
    await commitFiles(repository, { [PROMPT]: content }, { verify: false })
    expectUntouched(repo, content, 'publish(production): greet')
  })

  it('may rewrite the message [case 19]', async () => {
    const { repo, repository } = await start()
    repo.hook('commit-msg', 'echo "Change-Id: I1234" >> "$1"')
    await commitFiles(repository, { [PROMPT]: content })
    expect(repo.git('log', '-1', '--format=%B')).toBe('publish(production): greet\nChange-Id: I1234\n')
  })

  it('sees the index of the commit, and an environment without our options', async () => {
    const { repo, repository } = await start()
    repo.write('other', 'staged')
    repo.git('add', 'other')
    const report = join(repo.tempDir(), 'report')
    repo.hook(
      'pre-commit',
      `git diff --cached --name-only > ${report}; env | grep -E '^(GIT_|LC_)' >> ${report}; exit 0`,
    )
    repo.hook('post-commit', `echo after >> ${report}`)
    await commitFiles(repository, { [PROMPT]: content })
    const lines = readFileSync(report, 'utf8').split('\n')
    expect(lines[0]).toBe(PROMPT)
    expect(lines.filter((line) => /PARAMETERS|CONFIG_COUNT|LITERAL|PROMPT=|LC_ALL|OPTIONAL/.test(line))).toEqual([])
    expect(lines).toContain('after')
    expect(repo.git('diff', '--cached', '--name-only')).toBe('other')
  })

  it.each([
    ['and adds it', `echo reformatted > ${PROMPT}; git add ${PROMPT}`],
    ['and leaves it', `echo reformatted > ${PROMPT}`],
    ['and removes it', `rm ${PROMPT}`],
    ['or adds another', 'echo x > more; git add more'],
  ])('that changes the file %s is noticed, and all is undone [case 15j]', async (_name, script) => {
    const { repo, repository } = await start()
    repo.hook('pre-commit', script)
    await expect(commitFiles(repository, { [PROMPT]: content })).rejects.toMatchObject({
      code: 'rejected',
      message: expect.stringMatching(/hook changed/),
    })
    expect(repo.read(PROMPT)).toBe('1')
    expect(repo.git('log', '--format=%s')).toBe('one')
    expect(repo.git('diff', '--cached', '--name-only')).toBe('')
    expect(repo.git('diff', '--name-only')).toBe('')
    expectNoLeftovers(repo)
    repo.check()
  })

  it('keeps what was staged of the file when a changed commit is undone', async () => {
    const { repo, repository } = await start()
    repo.write(PROMPT, 'staged')
    repo.git('add', PROMPT)
    repo.write(PROMPT, 'edited')
    repo.hook('pre-commit', `echo reformatted > ${PROMPT}; git add ${PROMPT}`)
    await expect(commitFiles(repository, { [PROMPT]: content })).rejects.toMatchObject({ code: 'rejected' })
    expect(repo.git('show', `:${PROMPT}`)).toBe('staged')
    expect(repo.read(PROMPT)).toBe('edited')
  })

  it('whose daemon holds on to the streams does not hold us up', async () => {
    const { repo, repository } = await start()
    const ended = join(repo.tempDir(), 'ended')
    repo.hook('post-commit', `{ sleep 20; touch ${ended}; } & exit 0`)
    await commitFiles(repository, { [PROMPT]: content })
    expect(existsSync(ended)).toBe(false)
  })
})

describe.each(['GIT_LITERAL_PATHSPECS', 'GIT_GLOB_PATHSPECS', 'GIT_NOGLOB_PATHSPECS', 'GIT_ICASE_PATHSPECS'])(
  'under an inherited %s',
  (name) => {
    it('what is read and committed is the same, and the hooks see it as it was', async () => {
      const { repo } = await start()
      const upper = PROMPT.replace('greet', 'GREET')
      repo.commitFiles('two', { [upper]: '1', 'prompts/*/x': '1' })
      const repository = await world.open({ dir: repo.dir, env: { ...repo.env, [name]: '1' } })
      const report = join(repo.tempDir(), 'report')
      repo.hook('pre-commit', `echo "$${name}" > ${report}`)
      repo.write(upper, '2')
      repo.write('prompts/b/x', 'y')
      repo.write('prompts/*/x', 'staged')
      repo.git('add', ':(literal)prompts/*/x')
      expect((await repository.status('prompts')).map(({ path }) => path)).toEqual([
        'prompts/*/x',
        upper,
        'prompts/b/x',
      ])
      expect(await repository.listIndex('prompts/*')).toHaveLength(1)
      const staged = await repository.differences(oid(repo.git('rev-parse', 'HEAD')), 'index', 'prompts')
      expect(staged.map(({ path }) => path)).toEqual(['prompts/*/x'])
      await commitFiles(repository, { [PROMPT]: '2', 'prompts/new/x': 'y' })
      expect(repo.git('show', '--format=', '--name-only').split('\n')).toEqual(['prompts/new/x', PROMPT])
      expect(readFileSync(report, 'utf8')).toBe('1\n')
      const tip = oid(repo.git('rev-parse', 'HEAD'))
      const history = await collectHistory(repository, { tip, paths: ['prompts/production'] })
      expect(history.map(({ changes }) => changes.length)).toEqual([1, 1, 1])
      expect(repo.git('status', '--porcelain').split('\n')).toEqual(['M  prompts/*/x', ` M ${upper}`, '?? prompts/b/'])
    })
  },
)

describe('a commit that others overtake', () => {
  it('stands on a plain commit to other files that came in between', async () => {
    const { repo, repository } = await start()
    repo.hook(
      'pre-commit',
      'test -e .git/done || { touch .git/done; echo 2 > other; env -u GIT_INDEX_FILE git commit -q --no-verify -m beside -- other; }',
    )
    const expected = repo.git('rev-parse', 'HEAD')
    const outcome = await commitFiles(repository, { [PROMPT]: '2' }).catch((error: unknown) => error)
    // git's own lock keeps the second commit out, or lets it in below ours: nothing is lost either way.
    const subjects = repo.git('log', '--format=%s').split('\n')
    if (subjects.includes('beside')) expect(outcome).toMatchObject({ parent: repo.git('rev-parse', 'HEAD^') })
    else expect(outcome).toMatchObject({ code: 'rejected' })
    expect(expected).toBe(repo.git('rev-list', '--max-parents=0', 'HEAD'))
    repo.check()
  })

  it('is undone, with conflict, when one changed the same file', async () => {
    const { repo, repository } = await start()
    // Moves the branch behind git's back, as a commit between its look at HEAD and ours would have.
    const theirs = otherCommit(repo.dir, repo.env, PROMPT, 'theirs')
    repo.hook('pre-commit', `test -e .git/done || { touch .git/done; git update-ref refs/heads/main ${theirs}; }`)
    await expect(commitFiles(repository, { [PROMPT]: '2' })).rejects.toMatchObject({ code: 'conflict' })
    expect(repo.git('rev-parse', 'HEAD')).toBe(theirs)
    expect(repo.read(PROMPT)).toBe('1')
    expectNoLeftovers(repo)
    repo.check()
  })

  it('is made again on top when one changed another file', async () => {
    const { repo, repository } = await start()
    const theirs = otherCommit(repo.dir, repo.env, 'other', 'theirs')
    repo.hook('pre-commit', `test -e .git/done || { touch .git/done; git update-ref refs/heads/main ${theirs}; }`)
    const { commit, parent } = await commitFiles(repository, { [PROMPT]: '2' })
    expect([commit, parent]).toEqual([repo.git('rev-parse', 'HEAD'), theirs])
    expect(repo.git('show', 'HEAD:other')).toBe('theirs')
    expect(repo.git('diff-tree', '-r', '--name-only', '--no-commit-id', 'HEAD')).toBe(PROMPT)
  })

  it('says that it stands when a hook changed it and something followed', async () => {
    const { repo, repository } = await start()
    repo.hook('pre-commit', `echo reformatted > ${PROMPT}; git add ${PROMPT}`)
    repo.hook('post-commit', 'git update-ref refs/heads/main $(git commit-tree -p HEAD -m followed "HEAD^{tree}")')
    const error = await commitFiles(repository, { [PROMPT]: '2' }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'rejected', message: expect.stringContaining('it stands') })
    expect((error as { details: { commit: string } }).details.commit).toBe(repo.git('rev-parse', 'HEAD^'))
    expect(repo.git('log', '--format=%s').split('\n')).toEqual(['followed', 'publish(production): greet', 'one'])
    expectNoLeftovers(repo)
  })
})

/** A commit on top of HEAD that no branch has. */
function otherCommit(dir: string, env: Record<string, string | undefined>, path: string, content: string): string {
  const git = (input: string, ...args: string[]) =>
    execFileSync('git', args, { cwd: dir, env: { ...env, GIT_INDEX_FILE: join(dir, '.git/other-index') }, input })
      .toString()
      .trim()
  git('', 'read-tree', 'HEAD')
  const blob = git(content, 'hash-object', '-w', '--stdin')
  git('', 'update-index', '--add', '--cacheinfo', `100644,${blob},${path}`)
  return git('', 'commit-tree', '-p', 'HEAD', '-m', 'theirs', git('', 'write-tree'))
}

describe('interruption', () => {
  it.each(['SIGINT', 'SIGTERM'])(
    'during a hook puts the file back and leaves no lock: %s [case 33]',
    async (signal) => {
      const repo = world.repo()
      repo.commitFiles('one', { [PROMPT]: '1' })
      const flag = join(repo.tempDir(), 'running')
      repo.hook('pre-commit', `touch ${flag}; sleep 20; touch ${flag}.ended`)
      const controller = new AbortController()
      const repository = await openNative(repo.dir, { env: repo.env, signal: controller.signal })
      const poll = setInterval(() => {
        if (existsSync(flag)) controller.abort(signal)
      }, 20)
      await expect(commitFiles(repository, { [PROMPT]: '2' })).rejects.toMatchObject({
        message: expect.stringContaining(signal),
        details: { signal },
      })
      clearInterval(poll)
      expect(existsSync(`${flag}.ended`)).toBe(false)
      expectUntouched(repo, '1', 'one')
      expect(existsSync(join(repo.dir, '.git/index.lock'))).toBe(false)
      await repository.close()
    },
  )
})

describe('signing [case 18]', () => {
  it.each(WAYS)('signs with an ssh key, %s', async (_, content) => {
    const { repo, repository } = await start()
    const key = join(repo.tempDir(), 'key')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
    const allowed = join(repo.tempDir(), 'allowed')
    writeFileSync(allowed, `ada@example.com ${readFileSync(`${key}.pub`, 'utf8')}`)
    repo.git('config', 'gpg.format', 'ssh')
    repo.git('config', 'user.signingKey', key)
    repo.git('config', 'commit.gpgSign', 'true')
    repo.git('config', 'gpg.ssh.allowedSignersFile', allowed)
    await commitFiles(repository, { [PROMPT]: content })
    expect(repo.git('log', '-1', '--format=%G?')).toBe('G')
    repo.git('config', 'user.signingKey', '/nonexistent')
    await expect(commitFiles(repository, { [PROMPT]: `${content}3` })).rejects.toMatchObject({ code: 'unavailable' })
    expectUntouched(repo, content, 'publish(production): greet')
  })
})
