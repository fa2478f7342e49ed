import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Evaluation } from '../../src/core/evaluation.js'
import { promptctl } from '../helpers/cli.js'
import { createRegistry, type TestRegistry } from '../helpers/registry.js'
import { createTeam } from '../helpers/team.js'

const SET = `providers: [echo]
tests:
  - description: greets
    vars: {name: Ada}
    assert:
      - {type: contains, value: Hello}
  - vars: {name: [Bo, Cy]}
    assert:
      - {type: equals, value: "Hello Bo\\n"}
`

function arrange(set = SET): { registry: TestRegistry; slug: string } {
  const registry = createRegistry()
  const { slug } = registry.live('Greet')
  registry.repo.write(`evals/${slug}.yaml`, set)
  return { registry, slug }
}

/** Times are not the same twice. */
const timeless = (text: string): string => text.replace(/\d+ ms/g, 'N ms')

describe('eval', () => {
  it('shows the cases, what failed and why with the difference, and the sums; exits 1', async () => {
    const { registry } = arrange()
    const result = await registry.cli('eval', 'greet')
    expect([result.exit, result.stderr]).toEqual([1, ''])
    expect(timeless(result.stdout)).toBe(`1\tgreets\tpass
2\tname=Bo\tpass
3\tname=Cy\tfail

fail 3 name=Cy (echo) evals/greet-00000001.yaml:7:5
  equals: expected the answer to equal "Hello Bo\\n"
  @@ -1 +1 @@
  -Hello Bo
  +Hello Cy
greet-00000001 (development): 2 of 3 passed, N ms
`)
  })

  it('exits 0 when all pass', async () => {
    const { registry } = arrange(SET.replace('[Bo, Cy]', '[Bo]'))
    expect((await registry.cli('eval', 'greet')).exit).toBe(0)
  })

  it('says as JSON what was evaluated, and what came out', async () => {
    const { registry, slug } = arrange()
    const result = await registry.cli('eval', 'greet', '--json')
    const evaluation = result.json<Evaluation>()
    expect(evaluation).toMatchObject({
      slug,
      environment: 'development',
      version: 2,
      commit: registry.head(),
      set: `evals/${slug}.yaml`,
      providers: ['echo'],
      passed: 2,
      failed: 1,
      errors: 0,
      total: 3,
      interrupted: false,
    })
    expect(evaluation.cases[2]).toMatchObject({ test: 2, case: 3, vars: { name: 'Cy' }, output: 'Hello Cy\n', line: 7 })
    expect((await registry.cli('eval', 'greet', '--format', 'json')).json()).toMatchObject({ total: 3 })
  })

  it('says which version it was where one was named, and shows an answer without its last line end', async () => {
    const { registry, slug } = arrange(SET.replace('equals, value: "Hello Bo\\n"', 'contains, value: Dear'))
    const { stdout } = await registry.cli('eval', 'greet@2')
    expect(stdout).toContain(`${slug} v2 (development): 1 of 3 passed`)
    expect(stdout).toContain('  │ Hello Bo\nfail 3')
  })

  it('tries the file, a version, or what is live', async () => {
    const { registry, slug } = arrange(SET.replaceAll('Hello', 'Dear'))
    registry.edit(slug, 'Hello', 'Dear')
    const passed = async (...words: string[]) =>
      (await registry.cli('eval', ...words, '--json')).json<Evaluation>().passed
    expect(await passed('greet')).toBe(2)
    expect(await passed('greet@2')).toBe(0)
    expect(await passed('greet', '--live')).toBe(0)
  })

  it('compares with a version, a revision or an environment: what got better, and what worse', async () => {
    const { registry, slug } = arrange(`providers: [echo]
tests:
  - {description: old, vars: {name: Ada}, assert: [{type: contains, value: Hello}]}
  - {description: new, vars: {name: Ada}, assert: [{type: contains, value: Dear}]}
`)
    registry.edit(slug, 'Hello', 'Dear')
    for (const base of ['2', '@2', 'greet@2', `${slug}@2`, `greet@${registry.head()}`, 'development', 'HEAD']) {
      const { stdout, exit } = await registry.cli('eval', 'greet', '--compare', base)
      expect(exit).toBe(1)
      expect(stdout).toContain('1\told\tpass\tfail\n2\tnew\tfail\tpass\n')
      expect(stdout).toContain('better 2 new (echo): expected the answer to contain "Dear"\n')
      expect(stdout).toContain('worse 1 old (echo): expected the answer to contain "Hello"\n')
    }
    const json = (await registry.cli('eval', 'greet', '--compare', '2', '--json')).json()
    expect(json).toMatchObject({
      passed: 1,
      compared_with: { version: 2, passed: 1 },
      better: [{ case: 2 }],
      worse: [{ case: 1 }],
    })
    await registry.fails(3, 'not_found', 'eval', 'greet', '--compare', 'nowhere')
    const { hint } = await registry.fails(3, 'not_found', 'eval', 'greet', '--compare', 'staging')
    expect(hint).toContain(`promptctl promote ${slug} --to staging`)
  })

  it('shows two providers side by side', async () => {
    const { registry } = arrange()
    const { stdout } = await registry.cli('eval', 'greet', '--provider', 'echo', '--provider', 'exec:tr a-z A-Z')
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      '1\tgreets\tpass\tfail',
      '2\tname=Bo\tpass\tfail',
      '3\tname=Cy\tfail\tfail',
    ])
  })

  it("writes results in promptfoo's shape", async () => {
    const { registry, slug } = arrange()
    await registry.cli('eval', 'greet', '--output', `${registry.dir}/results.json`)
    const written = JSON.parse(registry.repo.read('results.json'))
    expect(written.results).toMatchObject({
      version: 3,
      timestamp: expect.stringMatching(/^\d{4}-/),
      stats: { successes: 2, failures: 1, errors: 0, tokenUsage: { total: 0 } },
      prompts: [
        { provider: 'echo', label: `${slug}@2 (development)`, metrics: { testPassCount: 2, testFailCount: 1 } },
      ],
    })
    expect(written.results.results).toHaveLength(3)
    expect(written.results.results[2]).toMatchObject({
      success: false,
      failureReason: 1,
      score: 0,
      vars: { name: 'Cy' },
      provider: { id: 'echo' },
      response: { output: 'Hello Cy\n' },
      testCase: { vars: { name: 'Cy' }, assert: [{ type: 'equals' }] },
      gradingResult: { pass: false, componentResults: [{ pass: false, assertion: { type: 'equals' } }] },
    })
  })

  it('writes named scores, and the assertions of a set beside it, as promptfoo does', async () => {
    const { registry } = arrange(`providers: [echo]
tests:
  - vars: {name: Ada}
    assert:
      - {type: contains, value: Hello, metric: tone, weight: 3}
      - {type: contains, value: Dear, metric: tone}
      - type: assert-set
        assert: [{type: contains, value: Ada, metric: name}, {type: contains, value: Bo}]
  - {vars: {}, assert: [{type: contains, value: Hello, metric: tone}]}
`)
    await registry.cli('eval', 'greet', '--output', `${registry.dir}/results.json`)
    const { results } = JSON.parse(registry.repo.read('results.json'))
    expect(results.results[0]).toMatchObject({
      namedScores: { tone: 0.75, name: 1 },
      gradingResult: { namedScores: { tone: 0.75, name: 1 } },
    })
    const types = results.results[0].gradingResult.componentResults.map(
      ({ assertion, pass }: { assertion: { type: string }; pass: boolean }) => `${assertion.type} ${pass}`,
    )
    expect(types).toEqual(['contains true', 'contains false', 'assert-set false', 'contains true', 'contains false'])
    expect(results.prompts[0].metrics).toMatchObject({
      namedScores: { tone: 0.75, name: 1 },
      namedScoresCount: { tone: 2, name: 1 },
      assertPassCount: 2,
      assertFailCount: 3,
      tokenUsage: { numRequests: 1 },
    })
    // The second case does not compile: nobody answered it.
    expect(results.stats.tokenUsage.numRequests).toBe(1)
  })

  it('looks first whether --output and --summary can be written: no model is asked for nothing', async () => {
    const { registry, slug } = arrange()
    const called = `${registry.dir}/called`
    for (const flag of ['--output', '--summary']) {
      for (const file of [registry.file(slug), '.']) {
        const path = file === '.' ? registry.dir : `${registry.dir}/${file}/results.json`
        await registry.fails(6, 'unavailable', 'eval', slug, flag, path, '--provider', `exec:touch ${called}`)
      }
    }
    expect(existsSync(called)).toBe(false)
    expect(registry.repo.git('status', '--porcelain')).toBe('?? evals/')
  })

  it('prints the result where --output cannot be written all the same', async () => {
    const { registry, slug } = arrange()
    // The folder becomes a file while the models are asked.
    const program = `exec:sh -c "rm -r ${registry.dir}/out; touch ${registry.dir}/out"`
    const words = ['--provider', program, '--concurrency', '1', '--output', `${registry.dir}/out/results.json`]
    const { exit, stdout, stderr } = await registry.cli('eval', slug, ...words)
    expect([exit, stdout]).toEqual([6, expect.stringContaining('0 of 3 passed')])
    expect(stderr).toContain('results.json cannot be written')
  })

  it('shows nothing that a terminal or GitHub would obey', async () => {
    const { registry, slug } = arrange(`providers: ["exec:cat"]
tests:
  - description: "::error::\\u001b[31mred\\n::stop-commands::x"
    vars: {name: "\\u001b]0;x\\u0007\\n::set-output"}
    assert: [{type: contains, value: "<img src=x> | \`"}]
`)
    for (const format of ['text', 'markdown', 'github']) {
      const place = registry.place({ env: { PROMPTCTL_EVAL_ALLOW_EXEC: '1' } })
      const { stdout, stderr } = await promptctl(place, 'eval', slug, '--format', format)
      expect(stderr).toBe('')
      expect(stdout).not.toMatch(/[\u001b\u0007]/)
      expect(stdout).not.toMatch(format === 'github' ? /^::(?!error file=)/m : /^(::|##\[)/m)
    }
    const { stdout } = await promptctl(
      registry.place({ env: { PROMPTCTL_EVAL_ALLOW_EXEC: '1' } }),
      'eval',
      slug,
      '--format',
      'markdown',
    )
    expect(stdout).not.toMatch(/(?<!\\)<img/)
  })

  it.each([
    [3, 'not_found', 'has no test set', ['eval', 'other']],
    [3, 'not_found', 'There is no prompt', ['eval', 'nobody']],
    [2, 'usage', 'Name a prompt', ['eval']],
    [2, 'usage', '--all takes no prompt', ['eval', 'greet', '--all']],
    [2, 'usage', '--changed-since goes with --all', ['eval', 'greet', '--changed-since', 'main']],
    [2, 'usage', 'there is no provider "nobody"', ['eval', 'greet', '--provider', 'nobody']],
    [2, 'usage', 'OPENAI_API_KEY', ['eval', 'greet', '--provider', 'openai:gpt-4o']],
    [2, 'usage', '--format takes', ['eval', 'greet', '--format', 'html']],
  ])('exit %i, %s: %s', async (exit, code, message, words) => {
    const { registry } = arrange()
    registry.live('Other')
    expect((await registry.fails(exit, code, ...words)).message).toContain(message)
  })

  it.each(['openai:gpt-4o', 'exec:no-such-program'])(
    'asks nothing of %s where every case has its answer with it',
    async (provider) => {
      const { registry } = arrange(
        `providers: ['${provider}']\ntests: [{vars: {name: Ada}, providerOutput: Hi, assert: [{type: equals, value: Hi}]}]\n`,
      )
      expect(await registry.json('eval', 'greet')).toMatchObject({ passed: 1, total: 1, providers: [provider] })
      const one = await registry.fails(2, 'usage', 'eval', 'greet', '--provider', 'nobody')
      expect(one.message).toContain('no provider')
    },
  )

  it('refuses a test set that is wrong, with the place', async () => {
    const { registry } = arrange('tests:\n  - assert: [{type: llm-rubric, value: x}]\n')
    const error = await registry.fails(1, 'invalid_config', 'eval', 'greet')
    expect(error.details).toMatchObject({ problems: [{ line: 2, column: 21 }] })
  })
})

describe('eval --all', () => {
  it('passes fixtures/registry', async () => {
    const dir = fileURLToPath(new URL('../../fixtures/registry', import.meta.url))
    const { exit, stdout } = await promptctl({ ...createRegistry().place(), dir }, 'eval', '--all')
    expect([exit, stdout]).toEqual([0, expect.stringContaining('ticket-triage-b05d83f2 (development): 2 of 2 passed')])
    expect(stdout).toContain('refund-email-3f8a2b1c (development): 4 of 4 passed')
  })

  it('tries every prompt that has a test set, the same content once; strays are errors', async () => {
    const registry = createRegistry()
    const one = registry.live('One', undefined, 'production')
    const two = registry.live('Two')
    registry.live('No set')
    for (const { slug } of [one, two]) registry.repo.write(`evals/${slug}.yaml`, SET)
    registry.repo.write('evals/gone-00000009.yaml', SET)
    const result = await registry.cli('eval', '--all', '--json')
    expect(result.exit).toBe(1)
    const { evaluations, problems } = result.json<{ evaluations: Evaluation[]; problems: unknown[] }>()
    expect(evaluations.map(({ slug, environment }) => `${slug} ${environment}`)).toEqual([
      `${one.slug} development`,
      `${two.slug} development`,
    ])
    expect(problems).toEqual([
      {
        code: 'not_found',
        file: 'evals/gone-00000009.yaml',
        line: 1,
        column: 1,
        message: 'there is no prompt gone-00000009',
      },
    ])
  })

  it('--changed-since: what a branch changed, a prompt, its partial or its test set', async () => {
    const registry = createRegistry()
    const tone = registry.live('Tone', 'Be kind')
    const user = registry.live('User', `Hello {{name}} {{> ${tone.slug}}}\n`)
    const [set, edited, same] = [registry.live('Set'), registry.live('Edited'), registry.live('Same')]
    for (const { slug } of [user, set, edited, same]) registry.repo.write(`evals/${slug}.yaml`, SET)
    registry.commit('sets')
    registry.repo.git('checkout', '-q', '-b', 'topic')
    registry.edit(tone.slug, 'kind', 'brief')
    registry.repo.write(`evals/${set.slug}.yaml`, `# new\n${SET}`)
    registry.commit('topic')
    registry.edit(edited.slug, 'Hello', 'Hello,')
    const { evaluations } = (await registry.cli('eval', '--all', '--changed-since', 'main', '--json')).json<{
      evaluations: Evaluation[]
    }>()
    expect(evaluations.map(({ slug }) => slug).sort()).toEqual([edited.slug, set.slug, user.slug].sort())
    expect(
      (await registry.cli('eval', '--all', '--changed-since', 'HEAD', '--json')).json<{ evaluations: Evaluation[] }>()
        .evaluations,
    ).toHaveLength(1)
  })

  it('says the place of each mistake in a test set once', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('One')
    registry.repo.write(`evals/${slug}.yaml`, 'tests: [{assertions: []}, {asserts: []}]\n')
    const { stdout } = await registry.cli('eval', '--all')
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(`^error evals/${slug}.yaml:1:10: (?!evals).*assertions`),
      expect.stringMatching(`^error evals/${slug}.yaml:1:28: (?!evals).*asserts`),
      '',
    ])
  })

  it('annotates for GitHub, and writes a summary beside; one file that is wrong stops nobody', async () => {
    const registry = createRegistry()
    const [one, two] = [registry.live('One'), registry.live('Two')]
    registry.repo.write(`evals/${one.slug}.yaml`, SET)
    registry.repo.write(`evals/${two.slug}.yaml`, 'tests: [{assertions: []}]\n')
    const { stdout, exit } = await registry.cli(
      'eval',
      '--all',
      '--format',
      'github',
      '--summary',
      `${registry.dir}/summary.md`,
    )
    expect(exit).toBe(1)
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(`^::error file=evals/${two.slug}.yaml,line=1,col=10,title=promptctl invalid_config::`),
      `::error file=evals/${one.slug}.yaml,line=7,col=5,title=promptctl eval::name=Cy (development, echo): expected the answer to equal "Hello Bo\\n"`,
      '',
    ])
    const summary = registry.repo.read('summary.md')
    expect(summary).toContain(`| ❌ | \`${one.slug}\` | development |`)
    expect(summary).toContain('Not evaluated:')
  })

  it('asks for a test set where a gate does', async () => {
    const registry = createRegistry({
      config:
        'name: test\nbranch: main\nenvironments: [development, staging, production]\ngates: {staging: {eval: required}}\n',
    })
    const { slug } = registry.live('Greet', undefined, 'staging')
    const result = await registry.cli('eval', '--all', '--json')
    expect([result.exit, result.json()]).toEqual([
      1,
      {
        evaluations: [],
        problems: [expect.objectContaining({ code: 'gate_failed', file: registry.file(slug, 'staging') })],
      },
    ])
  })

  it('reads the test sets of a bare repository from its tip', async () => {
    const { ada, origin } = createTeam()
    const { slug } = ada.live('Greet')
    ada.repo.write(`evals/${slug}.yaml`, SET)
    ada.commit('set')
    ada.repo.git('push', '-q', 'origin', 'main')
    const result = await promptctl({ ...ada.place(), dir: origin }, 'eval', slug, '--json')
    expect(result.json()).toMatchObject({ passed: 2, total: 3 })
  })
})
