import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { COMMANDS } from '../src/commands/index.js'
import { promptctl } from './helpers/cli.js'
import { createRegistry } from './helpers/registry.js'

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
