import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { COMMANDS } from '../src/commands/index.js'
import { promptctl } from './helpers/cli.js'
import { createRegistry, tempDir } from './helpers/registry.js'
import type { ProcessEnv } from './helpers/repo.js'
import { createTeam } from './helpers/team.js'

const ZEROS = '0'.repeat(40)

/** In place of promptctl: every secret that is there is set, and what else it is asked is printed with what it sees. */
const STUB = `
const { PROMPTCTL_WEBHOOK_SECRET: a = '', PROMPTCTL_WEBHOOK_ALLOW_HOSTS: b = '', PROMPTCTL_OTHER: c = '' } = process.env
const words = process.argv.slice(4)
if (words[0] === 'webhook') console.log(JSON.stringify([{ secret_set: a !== '' }, { secret_set: c !== '' }]))
else console.log(words.join(' ') + ': ' + [a, b, c].join(','))
`

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')

interface Step {
  readonly name?: string
  readonly uses?: string
  readonly run?: string
  readonly if?: string
  readonly env?: Readonly<Record<string, string>>
  readonly with?: Readonly<Record<string, unknown>>
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string }>>
  readonly runs: { readonly using: string; readonly steps: readonly Step[] }
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions: unknown
  readonly jobs: Readonly<Record<string, { readonly if?: string; readonly steps: readonly Step[] }>>
}

describe('action.yml', () => {
  const { inputs, runs } = parse(read('action.yml')) as Action
  const scripts = runs.steps.flatMap(({ run }) => run ?? [])

  it('puts nothing of a workflow into a script: it travels by environment', () => {
    expect(runs.using).toBe('composite')
    expect(scripts.length).toBeGreaterThan(4)
    for (const script of scripts) expect(script).not.toContain('${{')
  })

  it('has scripts that a shell can read, and names inputs that there are', () => {
    for (const script of scripts) expect(spawnSync('bash', ['-n', '-c', script]).status, script).toBe(0)
    const named = [...read('action.yml').matchAll(/inputs\.([a-z-]+)/g)].map(([, name]) => name)
    expect([...new Set(named)].sort()).toEqual(Object.keys(inputs).sort())
  })

  it('gives the secret to pushes alone, and to the one step that needs it', () => {
    const secret = runs.steps.filter(({ env }) => JSON.stringify(env ?? {}).includes('secret'))
    expect(secret.map(({ name }) => name)).toEqual(['Tell the webhooks'])
    expect(secret[0]?.if).toContain("github.event_name == 'push'")
    expect(read('action.yml')).not.toContain('pull_request_target')
  })

  describe('telling the webhooks', () => {
    const step = runs.steps.find(({ name }) => name === 'Tell the webhooks') ?? expect.fail('there is no such step')

    /** Runs the step's script in a clone as actions/checkout leaves it: a branch and no word of the remote's HEAD. */
    async function tell(config: string, { env, before }: { env: ProcessEnv; before?: string }): Promise<string[]> {
      const { ada: registry, origin } = createTeam(config)
      const action = tempDir()
      mkdirSync(join(action, 'bin'))
      writeFileSync(join(action, 'bin/promptctl.js'), STUB)
      registry.repo.git('remote', 'set-url', 'origin', origin)
      const inputs = { REGISTRY: '.', BEFORE: before ?? ZEROS, AFTER: registry.head(), REF: 'refs/heads/main' }
      const rest = { DEFAULT_BRANCH: 'main', WEBHOOK_SECRET: '', WEBHOOK_ALLOW_HOSTS: '', GITHUB_ACTION_PATH: action }
      const { stdout, stderr, status } = spawnSync('bash', ['-eo', 'pipefail', '-c', step.run ?? ''], {
        cwd: registry.dir,
        env: { ...registry.repo.env, ...inputs, ...rest, ...env },
        encoding: 'utf8',
      })
      expect([status, stderr]).toEqual([0, before === undefined ? '' : expect.any(String)])
      expect(registry.repo.git('symbolic-ref', 'refs/remotes/origin/HEAD')).toBe('refs/remotes/origin/main')
      return stdout.replaceAll(registry.head(), 'AFTER').trimEnd().split('\n')
    }

    it.each<[string, ProcessEnv, string]>([
      ['an input', { WEBHOOK_SECRET: 'a', WEBHOOK_ALLOW_HOSTS: 'b' }, 'a,b,'],
      ['the job', { PROMPTCTL_WEBHOOK_SECRET: 'a', PROMPTCTL_WEBHOOK_ALLOW_HOSTS: 'b' }, 'a,b,'],
      ['another variable', { PROMPTCTL_OTHER: 'c' }, ',,c'],
    ])('takes the secret of %s', async (_, env, seen) => {
      const [line] = await tell('name: test\n', { env })
      expect(line).toBe(`notify ${ZEROS}..AFTER --ref refs/heads/main: ${seen}`)
    })

    it('after a forced push asks for the commit before, and goes on without it', async () => {
      const lines = await tell('name: test\n', { env: { WEBHOOK_SECRET: 'a' }, before: '1'.repeat(40) })
      expect(lines).toEqual([expect.stringContaining('::warning::'), expect.stringContaining('notify 1111')])
    })
  })

  it('uses commands and flags that there are', () => {
    const used = scripts.join('\n').matchAll(/-C "\$REGISTRY" (\w+)/g)
    const names = COMMANDS.map(({ usage }) => usage.split(' ', 1)[0])
    for (const [, name] of used) expect(names).toContain(name)
  })
})

it('.pre-commit-hooks.yaml checks what is staged, once', () => {
  expect(parse(read('.pre-commit-hooks.yaml'))).toMatchObject([
    { id: 'promptctl-lint', entry: 'promptctl lint --staged', language: 'node', pass_filenames: false },
  ])
})

it('the GitLab job of the README tells webhooks of pushes alone, not of scheduled or manual pipelines', () => {
  const [, job = ''] = /```yaml\n(prompts:\n[\s\S]*?)```/.exec(read('README.md')) ?? []
  const { prompts } = parse(job) as { prompts: { script: readonly string[] } }
  const line = prompts.script.find((command) => command.includes('notify')) ?? ''
  for (const [source, told] of [
    ['push', 'notify a..b\n'],
    ['schedule', ''],
    ['web', ''],
  ] as const) {
    const variables = `CI_PIPELINE_SOURCE=${source} CI_COMMIT_BRANCH=main CI_DEFAULT_BRANCH=main CI_COMMIT_BEFORE_SHA=a CI_COMMIT_SHA=b`
    const { stdout } = spawnSync('sh', ['-c', `promptctl() { echo "$@"; }; ${variables}; ${line}`], {
      encoding: 'utf8',
    })
    expect(stdout, source).toBe(told)
  }
})

describe('init --ci github', () => {
  const path = '.github/workflows/promptctl.yml'
  const parsed = (text: string): Workflow => parse(text) as Workflow

  it('commits a workflow with few permissions, and the whole history where it is needed', async () => {
    const registry = createRegistry()
    const { created } = await registry.json<{ created: string[] }>('init', '--ci', 'github')
    expect(created).toEqual([path])
    const text = registry.repo.git('show', `HEAD:${path}`)
    const { on, permissions, jobs } = parsed(text)
    expect(Object.keys(on)).toEqual(['pull_request', 'push'])
    expect(permissions).toEqual({ contents: 'read' })
    const depths = Object.entries(jobs).map(([name, { steps }]) => [name, steps[0]?.with?.['fetch-depth']])
    expect(depths).toEqual([
      ['compile', undefined],
      ['review', 0],
      ['notify', 0],
    ])
    const inputs = (parse(read('action.yml')) as Action).inputs
    for (const { steps } of Object.values(jobs)) {
      expect(steps[0]?.with?.['persist-credentials']).toBe(false)
      expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(steps[1]?.with ?? {})))
      expect(steps.flatMap(({ run }) => run ?? [])).toEqual([])
    }
    expect(jobs['notify']?.if).toBe("github.event_name == 'push'")
  })

  it.each([
    ['the configuration names', 'name: test\nbranch: release\n', 'release'],
    ['the remote’s HEAD is, where the configuration names none', 'name: test\n', 'main'],
  ])('is about the branch that %s, whichever is checked out', async (_, config, branch) => {
    const { ada } = createTeam(config)
    ada.repo.git('remote', 'set-head', 'origin', 'main')
    ada.repo.git('switch', '-q', '-c', 'topic')
    await ada.json('init', '--ci', 'github')
    const { on } = parsed(ada.repo.git('show', `HEAD:${path}`))
    expect(on['push']).toEqual({ branches: [branch] })
  })

  it('overwrites nothing', async () => {
    const registry = createRegistry()
    registry.repo.write(path, 'mine\n')
    registry.commit('mine')
    expect(await registry.json('init', '--ci', 'github')).toMatchObject({ changed: false })
    expect(registry.repo.read(path)).toBe('mine\n')
  })

  it('names the folder of a registry, and the action that was asked for', async () => {
    const registry = createRegistry()
    registry.repo.write('team a/.keep', '')
    const place = { ...registry.place(), dir: `${registry.dir}/team a` }
    const made = await promptctl(place, 'init', '--ci', 'github', '--action', 'acme/promptctl@v1')
    expect(made).toMatchObject({ exit: 0, stderr: '' })
    const { jobs } = parsed(registry.repo.git('show', 'HEAD:.github/workflows/promptctl-team-a.yml'))
    expect(jobs['compile']?.steps[1]).toMatchObject({
      uses: 'acme/promptctl@v1',
      with: { 'working-directory': 'team a' },
    })
    await registry.fails(2, 'usage', 'init', '--ci', 'github', '--action', 'a/b@c\nrun: x')
    await registry.fails(2, 'usage', 'init', '--ci', 'other')
  })
})
