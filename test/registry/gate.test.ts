import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, unlinkSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type CliResult, promptctl } from '../helpers/cli.js'
import { startReceiver } from '../helpers/receiver.js'
import type { TestRegistry } from '../helpers/registry.js'
import { createRegistry, ENGINES, type Engine, tempDir } from '../helpers/registry.js'
import { configureIdentity } from '../helpers/repo.js'
import { openServer } from '../helpers/server.js'
import { createTeam, type Team } from '../helpers/team.js'

const CONFIG = `name: test
branch: main
environments: [development, staging, production]
promotion: ordered
gates:
  development: {eval: required, pass_rate: 1}
  staging: {eval: required}
`

const testSet = (expected: string, provider = 'echo') => `providers: [${provider}]
tests:
  - description: greets
    vars: {name: Ada}
    assert:
      - {type: contains, value: ${expected}}
  - vars: {name: [Bo, Cy]}
    assert:
      - {type: contains, value: '{{name}}'}
`

const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`

/** A test set, and what the gate makes of it; nobody listens on port 1. */
const OUTCOMES = {
  pass: testSet('Hello'),
  fail: testSet('Goodbye'),
  none: undefined,
  down: testSet('Hello', 'openai:gpt-4o'),
} as const
type Outcome = keyof typeof OUTCOMES

/** Every way in which the command line makes content live. */
const PATHS: Readonly<Record<string, (team: Team, slug: string) => readonly string[]>> = {
  publish: (_, slug) => ['publish', slug],
  'publish --all': () => ['publish', '--all'],
  'publish --push': (_, slug) => ['publish', slug, '--push'],
  'publish --stage': (_, slug) => ['publish', slug, '--stage'],
  promote: (_, slug) => ['promote', slug, '--to', 'staging'],
  'promote --all': () => ['promote', '--all', '--to', 'staging'],
  'promote --push': (_, slug) => ['promote', slug, '--to', 'staging', '--push'],
  'edit --publish': (_, slug) => ['edit', slug, '--template-file', '-', '--publish'],
}

function commitSets(registry: TestRegistry, sets: Readonly<Record<string, string>>): void {
  for (const [slug, set] of Object.entries(sets)) registry.repo.write(`evals/${slug}.yaml`, set)
  registry.commit('sets')
}

function arrange(outcome: Outcome, isPromotion: boolean) {
  const team = createTeam(CONFIG)
  const { slug } = isPromotion ? team.ada.live('Greet') : team.ada.seed('Greet', [{ state: 'draft' }])
  const set = OUTCOMES[outcome]
  if (set !== undefined) commitSets(team.ada, { [slug]: set })
  team.ada.repo.git('push', '-q', 'origin', 'main')
  return { team, slug }
}

const run = (registry: TestRegistry, words: readonly string[]): Promise<CliResult> =>
  promptctl(
    registry.place({ stdin: 'Hello there, {{name}}\n', env: { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' } }),
    ...words,
    '--json',
  )

/** All that a write could have changed: commit, index, prompt files and the remote. */
const stateOf = ({ ada, tip }: Team): string =>
  [
    ada.head(),
    tip(),
    ada.repo.git('status', '--porcelain', '--', 'prompts'),
    ada.repo.git('diff', '--cached', '--name-only'),
  ].join('\n')

describe.each(Object.entries(PATHS))('the gate before %s', (name, wordsOf) => {
  const isPromotion = name.startsWith('promote')

  it('lets pass what passes, and says so in the commit', async () => {
    const { team, slug } = arrange('pass', isPromotion)
    const before = team.ada.head()
    const result = await run(team.ada, wordsOf(team, slug))
    expect([result.exit, result.stderr]).toEqual([0, ''])
    if (name === 'publish --stage') {
      expect(team.ada.repo.git('diff', '--cached', '--name-only')).toBe(team.ada.file(slug))
      return
    }
    expect(team.ada.head()).not.toBe(before)
    const trailer = team.ada.repo.git('log', '-1', '--format=%(trailers:key=Prompt-Eval,valueonly)')
    expect(trailer.trim()).toBe(`3/3 ${digestOf(OUTCOMES.pass)}`)
    if (name.endsWith('--push')) expect(team.tip()).toBe(team.ada.head())
  })

  it.each([
    ['fail', /1 of 3|2 of 3/, /expected the answer to contain .{2,4}Goodbye/],
    ['none', /it has no test set/, /evals\/greet-00000001\.yaml/],
    ['down', /0 of 3/, /127\.0\.0\.1:1 cannot be reached: ECONNREFUSED/],
  ] as const)('refuses when the outcome is %s, and nothing is written', async (outcome, message, problem) => {
    const { team, slug } = arrange(outcome, isPromotion)
    const before = stateOf(team)
    const result = await run(team.ada, wordsOf(team, slug))
    expect([result.exit, result.stdout]).toEqual([1, ''])
    const { error } = JSON.parse(result.stderr) as { error: { code: string; message: string; details: object } }
    expect(error.code).toBe('gate_failed')
    expect(error.message).toMatch(message)
    expect(JSON.stringify(error.details)).toMatch(problem)
    expect(stateOf(team)).toBe(before)
  })
})

/** Every way in which the server makes content live. */
const ROUTES: Readonly<Record<string, (slug: string) => readonly ['PUT' | 'POST', string, object]>> = {
  'PUT with publish': (slug) => [
    'PUT',
    `/${slug}`,
    { publish: true, template: 'Hello there, {{name}}\n', environment: 'development' },
  ],
  'POST publish': (slug) => ['POST', `/${slug}/publish`, { environment: 'development' }],
  'POST promote': (slug) => ['POST', `/${slug}/promote`, { to: 'staging' }],
}

describe.each(Object.entries(ROUTES))('the gate before %s', (name, requestOf) => {
  const ask = async (outcome: Outcome | 'program') => {
    const { team, slug } = arrange(outcome === 'program' ? 'pass' : outcome, name.includes('promote'))
    if (outcome === 'program') team.ada.repo.write(`evals/${slug}.yaml`, testSet('Hello', "'exec:cat'"))
    // A server reads the test set of the tip, and not what somebody is editing beside it.
    team.ada.commit('the test set', '--allow-empty')
    team.ada.repo.write(`evals/${slug}.yaml`, outcome === 'fail' ? OUTCOMES.pass : OUTCOMES.fail)
    const before = stateOf(team)
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', PROMPTCTL_EVAL_ALLOW_EXEC: '1' }
    const { app } = await openServer(team.ada, { tokens: { all: ['read:*', 'write:*'] }, env })
    const [method, path, body] = requestOf(slug)
    const response = await app.inject({
      method,
      url: `/api/v1/templates${path}`,
      headers: { host: '127.0.0.1:4180', authorization: 'Bearer all', 'content-type': 'application/json' },
      payload: JSON.stringify(body),
    })
    return { team, before, status: response.statusCode, body: response.json() as { code?: string; detail?: string } }
  }

  it('lets pass what passes, and says so in the commit', async () => {
    const { team, before, status } = await ask('pass')
    expect([status, stateOf(team) === before]).toEqual([200, false])
    expect(team.ada.repo.git('log', '-1', '--format=%B')).toContain(`Prompt-Eval: 3/3 ${digestOf(OUTCOMES.pass)}`)
  })

  it.each(['fail', 'none', 'down', 'program'] as const)('refuses when the outcome is %s', async (outcome) => {
    const { team, before, status, body } = await ask(outcome)
    expect([status, body.code]).toEqual([422, 'gate_failed'])
    if (outcome === 'program') expect(body.detail).toContain('would start a program')
    expect(stateOf(team)).toBe(before)
  })
})

describe('a slow model behind the gate of a server', () => {
  const arrangeModel = async (evaluationMs?: number) => {
    const held: ServerResponse[] = []
    const model = await startReceiver((response) => held.push(response))
    const { team, slug } = arrange('down', false)
    const other = team.ada.seed('Other', [{ template: 'one' }, { template: 'two' }])
    team.ada.commit('sets', '--allow-empty')
    const env = { OPENAI_BASE_URL: `http://127.0.0.1:${model.port}/v1` }
    const limit = evaluationMs === undefined ? {} : { evaluationMs }
    const { app } = await openServer(team.ada, { tokens: { all: ['read:*', 'write:*'] }, env, ...limit })
    const post = async (path: string) => {
      const { statusCode, body } = await app.inject({
        method: 'POST',
        url: `/api/v1/templates${path}`,
        headers: { host: '127.0.0.1:4180', authorization: 'Bearer all', 'content-type': 'application/json' },
        payload: '{"environment": "development"}',
      })
      return { status: statusCode, body }
    }
    const answer = (): void => {
      const content = { choices: [{ message: { content: 'Hello Ada, Bo and Cy' } }] }
      for (const response of held.splice(0)) response.writeHead(200).end(JSON.stringify(content))
    }
    return { team, slug, other, model, post, answer }
  }

  it('holds up no other write, and is asked once', async () => {
    const { team, slug, other, model, post, answer } = await arrangeModel()
    const publishing = post(`/${slug}/publish`)
    await model.waitFor(3)
    expect(await post(`/${other.slug}/rollback/1`)).toMatchObject({ status: 200 })
    answer()
    expect(await publishing).toMatchObject({ status: 200 })
    expect(model.received).toHaveLength(3)
    expect(team.ada.repo.git('log', '-2', '--format=%s').split('\n')).toEqual([
      `publish(development): ${slug}`,
      `rollback(development): ${other.slug}`,
    ])
  })

  it.each(['publish', 'quick-evaluate'])('is waited for no longer than a request may take: %s', async (route) => {
    const { team, slug, post } = await arrangeModel(50)
    const before = stateOf(team)
    const { status, body } = await post(`/${slug}/${route}`)
    expect(status, body).toBe(route === 'publish' ? 422 : 200)
    expect(body).toContain('the 0.05 s that an evaluation has over HTTP were over')
    expect(stateOf(team)).toBe(before)
  })
})

describe('a gate', () => {
  it('that comes by review stands before the next write of a server that runs', async () => {
    const team = createTeam(CONFIG.slice(0, CONFIG.indexOf('gates:')))
    const { slug } = team.ada.seed('Greet', [{ state: 'draft' }])
    const { app } = await openServer(team.ada, { tokens: { all: ['read:*', 'write:*'] } })
    team.ada.repo.write('promptctl.yaml', CONFIG)
    team.ada.commit('a gate', '-a')
    const response = await app.inject({
      method: 'POST',
      url: `/api/v1/templates/${slug}/publish`,
      headers: { host: '127.0.0.1:4180', authorization: 'Bearer all', 'content-type': 'application/json' },
      payload: '{"environment": "development"}',
    })
    expect([response.statusCode, response.json().code]).toEqual([422, 'gate_failed'])
  })

  it('never stands before a rollback, an archive or a draft', async () => {
    const registry = createRegistry({ config: CONFIG })
    const { slug } = registry.seed('Greet', [{ template: 'one {{name}}' }, { template: 'two {{name}}' }])
    expect(await registry.json('rollback', slug)).toMatchObject({ action: 'rolled_back' })
    const edit = await promptctl(registry.place({ stdin: 'three {{name}}\n' }), 'edit', slug, '--template-file', '-')
    expect(edit.exit).toBe(0)
    expect(await registry.json('archive', slug)).toMatchObject({ action: 'archived' })
    expect(registry.repo.git('log', '-3', '--format=%B')).not.toContain('Prompt-Eval')
  })

  it('is not run in a dry run', async () => {
    const registry = createRegistry({ config: CONFIG })
    const { slug } = registry.seed('Greet', [{ state: 'draft' }])
    const result = await registry.cli('publish', slug, '--dry-run')
    expect([result.exit, result.stderr]).toEqual([0, ''])
    expect(result.stdout).toContain('gate')
  })

  it('has no flag that skips it', async () => {
    const registry = createRegistry({ config: CONFIG })
    const { slug } = registry.seed('Greet', [{ state: 'draft' }])
    await registry.fails(2, 'usage', 'publish', slug, '--skip-gate')
    await registry.fails(1, 'gate_failed', 'publish', slug, '--no-verify', '-m', 'gate: overridden_by Ada')
  })

  it('takes partials as they would be served: what is published along, else what is live', async () => {
    const registry = createRegistry({ config: CONFIG })
    const tone = registry.seed('Tone', [{ template: 'Live tone' }])
    const { slug } = registry.seed('Greet', [{ state: 'draft', template: `Hi {{name}} {{> ${tone.slug}}}` }])
    const setOf = (text: string, vars = '{name: Ada}') =>
      `providers: [echo]\ntests: [{vars: ${vars}, assert: [{type: contains, value: ${text}}]}]\n`
    commitSets(registry, { [tone.slug]: setOf('tone', '{}'), [slug]: setOf('New tone') })
    registry.edit(tone.slug, 'Live tone', 'New tone')
    await registry.fails(1, 'gate_failed', 'publish', slug)
    expect(await registry.json('publish', slug, tone.slug)).toHaveLength(2)
  })

  it('asks for a share of the tests, and runs its own providers', async () => {
    const registry = createRegistry({
      config: `${CONFIG}  production: {eval: required, pass_rate: 0.6, providers: [echo]}\n`,
    })
    const { slug } = registry.live('Greet', undefined, 'staging')
    commitSets(registry, { [slug]: testSet('Goodbye', 'openai:gpt-4o') })
    await registry.json('promote', slug, '--to', 'production')
    expect(registry.repo.git('log', '-1', '--format=%B')).toContain('Prompt-Eval: 2/3 sha256:')
  })

  it.each([
    [55, 0],
    [54, 1],
  ])('counts %i of 100 as it stands, not as floating point has it', async (passing, exit) => {
    const registry = createRegistry({ config: `${CONFIG.replace('pass_rate: 1', 'pass_rate: 0.55')}` })
    const { slug } = registry.seed('Greet', [{ state: 'draft' }])
    const names = Array.from({ length: 100 }, (_, index) => (index < passing ? `yes${index}` : `no${index}`))
    const set = `providers: [echo]\ntests: [{vars: {name: [${names}]}, assert: [{type: contains, value: yes}]}]\n`
    commitSets(registry, { [slug]: set })
    expect(await registry.cli('publish', slug)).toMatchObject({ exit })
  })

  it('starts no program that a file names, unless the user allows it', async () => {
    const registry = createRegistry({ config: CONFIG })
    const { slug } = registry.seed('Greet', [{ state: 'draft' }])
    commitSets(registry, { [slug]: testSet('Hello', "'exec:cat'") })
    const error = await registry.fails(1, 'gate_failed', 'publish', slug)
    expect(error.message).toContain('exec:cat')
    const result = await promptctl(registry.place({ env: { PROMPTCTL_EVAL_ALLOW_EXEC: '1' } }), 'publish', slug)
    expect([result.exit, result.stderr]).toEqual([0, ''])
  })

  it('calls a test set that cannot be read a failure, with the place', async () => {
    const registry = createRegistry({ config: CONFIG })
    const { slug } = registry.seed('Greet', [{ state: 'draft' }])
    commitSets(registry, { [slug]: 'providers: [echo]\ntests:\n  - assert: [{type: llm-rubric, value: x}]\n' })
    const error = await registry.fails(1, 'gate_failed', 'publish', slug)
    expect(error.details).toMatchObject({ problems: [{ file: `evals/${slug}.yaml`, line: 3, column: 21 }] })
  })
})

describe('what a gate goes by', () => {
  const SETS = { pass: testSet('Hello'), fail: testSet('Goodbye') }
  const arrangeGate = (engine: Engine = 'native') => {
    const registry = createRegistry({ config: CONFIG, engine })
    const { slug } = registry.seed('Greet', [{ state: 'draft' }])
    return { registry, slug, set: `evals/${slug}.yaml` }
  }

  it.each(ENGINES)('is the committed test set: another one in the work tree is refused (%s)', async (engine) => {
    const { registry, slug, set } = arrangeGate(engine)
    const refused = async (...words: string[]) => {
      const error = await registry.fails(4, 'conflict', 'publish', slug, ...words)
      expect(error).toMatchObject({ details: { file: set }, hint: expect.stringContaining(`git add ${set}`) })
    }
    registry.repo.write(set, SETS.pass)
    await refused()
    registry.repo.git('add', '-A')
    await refused()
    commitSets(registry, { [slug]: SETS.fail })
    registry.repo.write(set, SETS.pass)
    await refused('-m', 'it passes here')
    registry.repo.git('rm', '-q', '--cached', set)
    registry.repo.write('.gitignore', 'evals\n')
    registry.commit('ignored')
    await refused()
    expect(await registry.json('eval', slug)).toMatchObject({ passed: 3 })
  })

  it.each([
    ['takes the gate away', CONFIG.slice(0, CONFIG.indexOf('gates:'))],
    ['asks for less', CONFIG.replace('pass_rate: 1', 'pass_rate: 0')],
    ['has other providers', CONFIG.replace('pass_rate: 1', 'pass_rate: 1, providers: [openai:gpt-4o]')],
  ])('is the committed rule: a promptctl.yaml that %s is refused', async (_, config) => {
    const { registry, slug } = arrangeGate()
    commitSets(registry, { [slug]: SETS.fail })
    registry.repo.write('promptctl.yaml', config)
    const error = await registry.fails(4, 'conflict', 'publish', slug)
    expect(error).toMatchObject({ details: { file: 'promptctl.yaml' }, hint: expect.stringContaining('Commit it') })
  })

  it('is no other edit, nor what git makes of line ends', async () => {
    const { registry, slug, set } = arrangeGate()
    commitSets(registry, { [slug]: SETS.pass })
    registry.repo.git('config', 'core.autocrlf', 'true')
    unlinkSync(join(registry.dir, set))
    registry.repo.git('checkout', '-q', '--', set)
    expect(registry.repo.read(set)).toContain('\r\n')
    registry.repo.write('evals/other-00000009.yaml', SETS.fail)
    registry.repo.write('promptctl.yaml', CONFIG.replace('name: test', 'name: other'))
    await registry.json('publish', slug)
    expect(registry.repo.git('log', '-1', '--format=%B')).toContain(`Prompt-Eval: 3/3 ${digestOf(SETS.pass)}`)
  })

  it('is the index with --stage, as while a merge is under way', async () => {
    const { registry, slug, set } = arrangeGate()
    registry.repo.git('checkout', '-q', '-b', 'topic')
    commitSets(registry, { [slug]: SETS.pass })
    registry.repo.git('checkout', '-q', 'main')
    registry.repo.git('merge', '-q', '--no-ff', '--no-commit', 'topic')
    await registry.json('publish', slug, '--stage')
    registry.repo.write(set, SETS.fail)
    const error = await registry.fails(4, 'conflict', 'publish', slug, '--stage')
    expect(error.hint).toContain('Stage it first')
  })

  it('is nothing where there is no commit yet, and no gate either', async () => {
    const registry = createRegistry({ existing: tempDir() })
    registry.repo.git('init', '-q', '-b', 'main')
    configureIdentity(registry.dir, registry.repo.env)
    registry.repo.write('promptctl.yaml', 'name: test\nbranch: main\n')
    const { slug } = await registry.create('Greet')
    registry.repo.write('promptctl.yaml', CONFIG)
    registry.repo.write(`evals/${slug}.yaml`, SETS.pass)
    expect((await registry.fails(4, 'conflict', 'publish', slug)).details).toMatchObject({ file: 'promptctl.yaml' })
    registry.repo.write('promptctl.yaml', 'name: test\nbranch: main\n')
    await registry.json('publish', slug)
  })
})

describe('the seam', () => {
  it('is the only way to the engine: each commit and each staging takes a plan that passed', () => {
    const folder = new URL('../../src/registry/', import.meta.url)
    const writers = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .filter((file) => /repository\.(commit|stage)\(/.test(readFileSync(new URL(file, folder), 'utf8')))
    // init writes no prompt; apply-push stages repairs alone, which are HEAD's own bytes.
    expect(writers.sort()).toEqual(['apply-push.ts', 'apply.ts', 'init.ts'])
    const stagings = ['apply.ts', 'apply-push.ts'].flatMap((file) =>
      [...readFileSync(new URL(file, folder), 'utf8').matchAll(/repository\.stage\(([^\n]*)/g)].map(
        ([, words]) => words,
      ),
    )
    expect(stagings.filter((words) => !words?.includes('repairs'))).toHaveLength(1)
    const passed = readFileSync(new URL('apply.ts', folder), 'utf8')
    expect(passed.match(/plan: PassedPlan/g)).toHaveLength(2)
    const casts = readdirSync(folder).filter(
      (file) => file.endsWith('.ts') && /\bas PassedPlan\b/.test(readFileSync(new URL(file, folder), 'utf8')),
    )
    expect(casts).toEqual(['gate.ts'])
  })
})
