import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/core/config.js'
import { YamlProblems } from '../../src/core/yaml-source.js'

const parse = (text: string) => parseConfig(text, 'promptctl.yaml', { defaultName: 'folder' })

function problemsOf(text: string): readonly string[] {
  try {
    parse(text)
  } catch (error) {
    if (!(error instanceof YamlProblems)) throw error
    expect(error.code).toBe('invalid_config')
    return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
  }
  return []
}

describe('parseConfig', () => {
  it.each(['', '# nothing\n', '{}'])('fills in what %j leaves out', (text) => {
    expect(parse(text)).toEqual({
      name: 'folder',
      branch: undefined,
      isNamed: false,
      environments: ['development', 'staging', 'production'],
      defaultEnvironment: 'development',
      promotion: 'ordered',
      webhooks: [],
      gates: new Map(),
    })
  })

  it('reads every key', () => {
    const text = `name: acme-prompts
branch: release/2.x
environments: [dev, live]
default_environment: live
promotion: strict
webhooks:
  - url: https://user:pass@ci.example.com/hooks?token=x
    secret_env: PROMPTCTL_WEBHOOK_SECRET
    environments: [live]
    actions: [published, rolled_back]
  - {url: "http://localhost:8080", secret_env: PROMPTCTL_B}
gates:
  live: {eval: required, pass_rate: 0.9, providers: [echo]}
  dev: {}
`
    expect(parse(text)).toEqual({
      name: 'acme-prompts',
      isNamed: true,
      branch: 'release/2.x',
      environments: ['dev', 'live'],
      defaultEnvironment: 'live',
      promotion: 'strict',
      webhooks: [
        {
          url: 'https://user:pass@ci.example.com/hooks?token=x',
          secretEnv: 'PROMPTCTL_WEBHOOK_SECRET',
          environments: ['live'],
          actions: ['published', 'rolled_back'],
        },
        { url: 'http://localhost:8080', secretEnv: 'PROMPTCTL_B', environments: undefined, actions: undefined },
      ],
      gates: new Map([
        ['live', { evalRequired: true, passRate: 0.9, providers: ['echo'] }],
        ['dev', { evalRequired: false, passRate: 1, providers: undefined }],
      ]),
    })
  })

  it('takes the first environment as the default one', () => {
    expect(parse('environments: [a, b]').defaultEnvironment).toBe('a')
  })

  it.each<[string, string[]]>([
    ['enviroments: [a]', ['1:1 "enviroments" is not a key of promptctl.yaml, did you mean "environments"?']],
    ['default_environment:', ['1:21 default_environment: expected a string, found nothing']],
    ['environments: []', ['1:15 environments: expected at least 1 item']],
    ['environments: [a, b, a]', ['1:15 environments: an item is there twice']],
    [
      'environments: [A]',
      ['1:16 environments[0]: expected lower-case letters, digits and hyphens, beginning with a letter, found "A"'],
    ],
    ['environments: [a, 1]', ['1:19 environments[1]: expected a string, found the number 1: quote it']],
    [
      'default_environment: productio',
      ['1:22 default_environment: there is no environment "productio", did you mean "production"?'],
    ],
    ['promotion: loose', ['1:12 promotion: expected free, ordered or strict, found "loose"']],
    ['gates:\n  live: {eval: required}', ['2:3 gates: there is no environment "live"']],
    ['gates: {staging: {pass_rate: 2}}', ['1:30 gates.staging.pass_rate: expected at most 1, found the number 2']],
    ['gates: {staging: {eval: yes}}', ['1:25 gates.staging.eval: expected required, found "yes"']],
    ['branch: "a b"', ['1:9 branch: expected the short name of a branch, such as main, found "a b"']],
    ['branch: --output=x', ['1:9 branch: expected the short name of a branch, such as main, found "--output=x"']],
    ['branch: a..b', ['1:9 branch: expected the short name of a branch, such as main, found "a..b"']],
    ['webhooks:\n  - url: https://x', ['2:5 webhooks[0]: "secret_env" is missing']],
    ['name: &a x', ['1:7 anchors (&name) are not read: write the value out where it is needed']],
    ['- a', ['1:1 the file must hold keys and values, such as "title: Greeting"']],
  ])('refuses %j', (text, problems) => {
    expect(problemsOf(text)).toEqual(problems)
  })

  it.each([
    'url: "https://me:hunter2@[/?key=hunter2", secret_env: PROMPTCTL_A',
    'url: "ftp://me:hunter2@x/?key=hunter2", secret_env: PROMPTCTL_A',
    'url: "https://me:hunter2@x/", secret_env: whsec_hunter2',
    'url: [https://me:hunter2@x], secret_env: PROMPTCTL_A',
    'url: https://x, secret_env: AWS_SECRET_ACCESS_KEY',
    'url: "https://me%zz:hunter2@x/", secret_env: PROMPTCTL_A',
    'url: "https://me:hunter2%ff@x/", secret_env: PROMPTCTL_A',
  ])('[case 41] refuses {%s}, and repeats no secret', (webhook) => {
    const problems = problemsOf(`webhooks:\n  - {${webhook}}\n`)
    expect(problems).toEqual([expect.stringMatching(/^2:\d+ webhooks\[0\]\.(?:url|secret_env): /)])
    expect(problems.join()).not.toContain('hunter2')
  })

  it.each([
    ['https://x/', 'PROMPTCTL_A', 0],
    ['https://x/?a#part', 'PROMPTCTL_B', 0],
    ['https://x', 'PROMPTCTL_B', 1],
    ['https://X:443/#part', 'PROMPTCTL_B', 1],
    ['https://me:hunter2@x/', 'PROMPTCTL_A', 1],
  ])('an endpoint has one secret and one password: %s with %s', (url, secret, count) => {
    const entries = [`{url: "https://x/", secret_env: PROMPTCTL_A}`, `{url: "${url}", secret_env: ${secret}}`]
    const problems = problemsOf(`webhooks:\n${entries.map((entry) => `  - ${entry}\n`).join('')}`)
    expect(problems).toEqual(
      Array(count).fill('3:11 webhooks[1].url: webhooks[0] has this URL with another secret or password'),
    )
    expect(problems.join()).not.toContain('hunter2')
  })

  it('repeats no address that stands where a webhook should be', () => {
    expect(problemsOf('webhooks: [https://me:hunter2@x]').join()).not.toContain('hunter2')
    expect(problemsOf('webhooks: https://me:hunter2@x').join()).not.toContain('hunter2')
  })
})
