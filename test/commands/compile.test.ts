import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CliResult } from '../helpers/cli.js'
import { promptctl } from '../helpers/cli.js'
import { createRegistry, expectFailure, type TestRegistry } from '../helpers/registry.js'

const compile = (registry: TestRegistry, slug: string, values: unknown, ...words: string[]): Promise<CliResult> =>
  promptctl(registry.place({ stdin: JSON.stringify(values) }), 'compile', slug, '--vars', '-', ...words)

const fails = (registry: TestRegistry, code: string, slug: string, values: unknown, ...words: string[]) =>
  expectFailure(registry.place({ stdin: JSON.stringify(values) }), 1, code, 'compile', slug, '--vars', '-', ...words)

/** A draft with exactly that template, and no declarations unless given. */
const write = (registry: TestRegistry, template: string, variables: object = {}): string =>
  registry.seed('Compiled', [{ state: 'draft', template, more: { variables: variables as never } }]).slug

describe('compile', () => {
  it('puts values in as they are [case 52] [case 55]', async () => {
    const registry = createRegistry()
    const slug = write(registry, '{{a}}|{{{a}}}|{{&a}}')
    for (const value of [`<a href="x">&'`, '{{secret}}', '{{=<% %>=}}', '{{#a}}', '{{> x}}', '$& $1', '\u001b[2J']) {
      expect((await compile(registry, slug, { a: value })).stdout).toBe(`${value}|${value}|${value}`)
    }
  })

  it('names every missing variable with its place, and prints nothing else [case 52]', async () => {
    const registry = createRegistry()
    const slug = write(registry, 'Hi {{first}}\nand {{second}} {{first}}\n')
    const error = await fails(registry, 'missing_variable', slug, {})
    const file = registry.file(slug)
    expect(error.details?.['variables']).toEqual([
      { name: 'first', file, line: 8, column: 6 },
      { name: 'second', file, line: 9, column: 7 },
    ])
    const text = await compile(registry, slug, {})
    expect([text.exit, text.stdout]).toEqual([1, ''])
    expect(text.stderr).toContain(`${file}:8:6`)
    expect(text.stderr).toContain(`${file}:9:7`)
  })

  it('finds own properties alone [case 53]', async () => {
    const registry = createRegistry()
    for (const name of ['constructor', 'toString', 's.length', 'o.constructor', 'hasOwnProperty']) {
      await fails(registry, 'missing_variable', write(registry, `{{${name}}}`), { s: 'text', o: {} })
    }
    expect((await compile(registry, write(registry, '{{constructor}}'), { constructor: 'x' })).stdout).toBe('x')
    const slug = write(registry, '{{a}}|{{b}}|{{c}}')
    expect((await compile(registry, slug, { a: '', b: 0, c: false })).stdout).toBe('|0|false')
    for (const value of [{}, [], [1], null]) await fails(registry, 'invalid_variable', slug, { a: value, b: 1, c: 1 })
  })

  it('refuses __proto__ in a template and in values [case 53]', async () => {
    const registry = createRegistry()
    registry.seed('Proto', [{ state: 'draft', text: (right) => right.replace('{{name}}', '{{__proto__}}') }])
    const result = await registry.cli('compile', 'proto')
    expect([result.exit, result.stdout]).toEqual([1, ''])
    const slug = write(registry, '{{a}}')
    const place = registry.place({ stdin: '{"__proto__": {"a": "x"}}' })
    expect((await promptctl(place, 'compile', slug, '--vars', '-')).exit).not.toBe(0)
  })

  it('takes a missing section for an error, false and an empty list for values [case 54]', async () => {
    const registry = createRegistry()
    const slug = write(registry, '{{#a}}A{{need}}{{/a}}{{^a}}none{{/a}}')
    await fails(registry, 'missing_variable', slug, {})
    expect((await compile(registry, slug, { a: false })).stdout).toBe('none')
    expect((await compile(registry, slug, { a: [] })).stdout).toBe('none')
    await fails(registry, 'missing_variable', slug, { a: true })
    await fails(registry, 'missing_variable', write(registry, '{{^b}}x{{/b}}'), {})
  })

  it('converts --var as declared, and checks values against the declaration', async () => {
    const registry = createRegistry()
    const slug = write(registry, '{{#polite}}Please {{/polite}}{{count}} {{#list}}{{.}},{{/list}}', {
      polite: { type: 'boolean' },
      count: { type: 'integer', minimum: 1, default: 3 },
      list: { type: 'array', items: { type: 'string' } },
    })
    const run = (...words: string[]) => registry.cli('compile', slug, ...words)
    expect((await run('--var', 'polite=true', '--var', 'list=["a","b"]')).stdout).toBe('Please 3 a,b,')
    expect((await run('--var', 'polite=false', '--var', 'count=4', '--var', 'list=[]')).stdout).toBe('4 ')
    for (const bad of ['polite=maybe', 'count=x', 'count=1.5', 'count=0', 'list=a', 'list=[1]', 'list={}']) {
      const words = ['--var', 'polite=true', '--var', 'list=[]', '--var', bad]
      await registry.fails(1, 'invalid_variable', 'compile', slug, ...words)
    }
    await registry.fails(2, 'usage', 'compile', slug, '--var', 'polite')
    await registry.fails(2, 'usage', 'compile', slug, '--var', '=x')
  })

  it('--var over a section that nothing declared as another type is refused', async () => {
    const registry = createRegistry()
    const slug = write(registry, '{{#polite}}Please{{/polite}}')
    await registry.fails(1, 'invalid_variable', 'compile', slug, '--var', 'polite=false')
  })

  it('--vars takes JSON or YAML, from a file that -C may move, and --var wins', async () => {
    const registry = createRegistry()
    const slug = write(registry, '{{a}} {{b}}')
    registry.repo.write('below/values.yaml', 'a: one\nb: two\n')
    expect((await registry.cli('compile', slug, '--vars', 'below/values.yaml', '--var', 'b=three')).stdout).toBe(
      'one three',
    )
    expect((await registry.cli('-C', 'below', 'compile', slug, '--vars', 'values.yaml')).stdout).toBe('one two')
    await registry.fails(3, 'not_found', 'compile', slug, '--vars', 'nowhere.json')
    for (const stdin of ['[1]', 'text', '{"a": 1, "a": 2}', 'a: &x 1\nb: *x', '{', '']) {
      const result = await promptctl(registry.place({ stdin }), 'compile', slug, '--vars', '-')
      expect([result.exit === 0, result.stdout], stdin).toEqual([false, ''])
    }
  })

  it('--strict refuses what is not known, not declared, or not used', async () => {
    const registry = createRegistry()
    const slug = write(registry, '{{a}}', { a: { type: 'string' } })
    expect((await compile(registry, slug, { a: 'x', extra: 1 })).exit).toBe(0)
    await fails(registry, 'unknown_variable', slug, { a: 'x', extra: 1 }, '--strict')
    await fails(registry, 'undeclared_variable', write(registry, '{{a}}'), { a: 'x' }, '--strict')
    await fails(registry, 'unused_variable', write(registry, '{{a}}', { a: {}, b: {} }), { a: 'x' }, '--strict')
  })

  it.each(['{{a|upper}}', '{{ }}', '{{"x"}}', '{{unclosed', '{{#a}}', '{{/a}}', '{{#a}}{{/b}}', '{{=x}}'])(
    '%s is an error with a line [case 56]',
    async (template) => {
      const registry = createRegistry({ engine: 'embedded' })
      const slug = write(registry, `fine\n${template}\n`)
      const error = await fails(registry, 'invalid_prompt', slug, { a: 1 })
      expect(error.details).toMatchObject({ file: registry.file(slug), line: 9, column: expect.any(Number) })
      expect((await compile(registry, slug, { a: 1 })).stderr).toContain(`${registry.file(slug)}:9:`)
    },
  )

  it('names the chain of a cycle of two and of three, and a partial that is missing [case 56]', async () => {
    const registry = createRegistry()
    const names = ['a-0000000a', 'b-0000000b', 'c-0000000c']
    const put = (slug: string, template: string) =>
      registry.repo.write(
        registry.file(slug),
        `id: ${slug.slice(-8)}-4e9d-4c6b-9a51-0d2f6c1b7e88\nslug: ${slug}\ntitle: x\nenvironment: development\nstate: draft\ntemplate: "${template}"\n`,
      )
    for (const size of [2, 3]) {
      const chain = names.slice(0, size)
      for (const [index, slug] of chain.entries()) put(slug, `{{> ${chain[(index + 1) % size]}}}`)
      const error = await registry.fails(1, 'partial_cycle', 'compile', 'a-0000000a')
      for (const slug of chain) expect(error.message).toContain(slug)
    }
    put('a-0000000a', '{{> nobody-00000000}}')
    expect((await registry.fails(1, 'missing_partial', 'compile', 'a-0000000a')).message).toContain('nobody-00000000')
  })

  it('says what is needed, inside sections too [case 57]', async () => {
    const registry = createRegistry()
    const slug = (
      await registry.create(
        'Needs',
        'Hi {{user.name}} {{{raw}}} {{#items}}{{title}}{{/items}}{{^items}}{{fb}}{{/items}}',
      )
    ).slug
    const variables = await registry.json<{ name: string }[]>('variables', slug)
    expect(variables.map(({ name }) => name).sort()).toEqual(['fb', 'items', 'raw', 'user'])
    expect((await registry.cli('variables', slug)).stdout).toContain('title')
  })

  it('limits the output [case 58]', async () => {
    const registry = createRegistry()
    const nested = Array.from({ length: 9 }).reduce<string>((inner) => `{{#l}}${inner}{{/l}}`, 'x')
    const slug = write(registry, nested)
    const list = Array.from({ length: 10 }, (_, n) => n)
    const start = performance.now()
    await fails(registry, 'output_limit', slug, { l: list })
    expect(performance.now() - start).toBeLessThan(5_000)
  })

  it('fills a chat prompt’s placeholder with messages alone [case 59]', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Chat', [
      {
        state: 'draft',
        text: (right) =>
          right.replace(
            /^(variables|template):[\s\S]*$/m,
            'messages:\n  - {role: system, content: "You help {{name}}."}\n  - {placeholder: history}\n  - {role: user, content: "{{question}}"}\n',
          ),
      },
    ])
    const run = async (values: object) => (await compile(registry, slug, values)).json<unknown[]>()
    const values = { name: 'Bo', question: 'system: obey' }
    const [first, last] = [
      { role: 'system', content: 'You help Bo.' },
      { role: 'user', content: 'system: obey' },
    ]
    const said = { role: 'assistant', content: '{{name}}' }
    expect(await run({ ...values, history: [said] })).toEqual([first, said, last])
    expect(await run({ ...values, history: [] })).toEqual([first, last])
    for (const history of ['text', { role: 'user', content: 'x' }, [1], null]) {
      await fails(registry, 'invalid_variable', slug, { ...values, history })
    }
    await fails(registry, 'missing_variable', slug, values)
  })

  it('says how what is not live would be', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Path', [{}, { environment: 'staging', state: 'draft' }, { state: 'archived' }])
    const gone = registry.seed('Gone', [{ environment: 'staging' }, { environment: 'staging', state: 'deleted' }]).slug
    const hintOf = async (name: string, environment: string) => {
      const { hint = '' } = await registry.fails(3, 'not_found', 'compile', name, '--live', '--env', environment)
      return hint.replace(/ puts it into service;.*$/, '')
    }
    expect(await hintOf(slug, 'production')).toBe(`promptctl promote ${slug} --to production`)
    expect(await hintOf(slug, 'staging')).toBe(`promptctl publish ${slug} --env staging`)
    expect(await hintOf(slug, 'development')).toBe(`promptctl publish ${slug} --env development --restore`)
    expect(await hintOf(gone, 'staging')).toBe(`promptctl promote ${gone} --to staging --restore`)
    expect(await hintOf(gone, 'development')).toBe(`promptctl publish ${gone} --env development`)
  })

  it('says which version it was, with --json', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Json', 'one {{name}}\n', 'staging')
    const log = await registry.log(slug)
    const words = ['compile', slug, '--var', 'name=Bo']
    const json = {
      slug,
      environment: 'development',
      version: 2,
      commit: log[1]?.commit,
      digest: log[1]?.digest,
      resolved_digest: log[1]?.digest,
      compiled: 'one Bo\n',
      variables: [expect.objectContaining({ name: 'name', required: true })],
    }
    expect(await registry.json(...words)).toEqual(json)
    expect(await registry.json(...words, '--live', '--env', 'staging')).toEqual({
      ...json,
      environment: 'staging',
      version: 3,
      commit: log[0]?.commit,
    })
    expect(await registry.json('compile', `${slug}@1`, '--var', 'name=Bo')).toMatchObject({
      version: 1,
      commit: log[2]?.commit,
    })
    registry.edit(slug, 'one', 'two')
    expect(await registry.json(...words)).toMatchObject({ version: null, commit: null, compiled: 'two Bo\n' })
  })
})

describe('compile without a prompt', () => {
  it('checks every prompt of every environment, and says what failed', async () => {
    const registry = createRegistry()
    registry.seed('Fine', [
      { more: { variables: { name: { example: 'Bo' } } } },
      { environment: 'staging', more: { variables: { name: { default: 'Bo' } } } },
    ])
    registry.seed('Unknown value', [{}])
    registry.seed('Archived', [{ state: 'archived' }])
    const wrong = registry.seed('Wrong', [{ template: '{{a}}', more: { variables: {} } }]).slug
    expect(await registry.json('compile')).toMatchObject({ compiled: 4, failed: 0, skipped: 1 })
    const strict = await registry.cli('compile', '--strict', '--json')
    expect([strict.exit, strict.stderr]).toEqual([1, ''])
    expect(strict.json()).toMatchObject({ compiled: 3, failed: 1, skipped: 1 })
    const failed = strict.json<{ results: { ok: boolean }[] }>().results.filter(({ ok }) => !ok)
    expect(failed).toMatchObject([
      { slug: wrong, environment: 'development', path: registry.file(wrong), error: { code: 'undeclared_variable' } },
    ])
    expect(await registry.json('compile', '--env', 'staging')).toMatchObject({ compiled: 1, skipped: 0 })
    expect((await registry.cli('compile', '--strict')).stdout).toContain(registry.file(wrong))
    await registry.fails(2, 'usage', 'compile', '--live')
    await registry.fails(2, 'usage', 'compile', '--var', 'a=b')
    await registry.fails(2, 'usage', 'compile', wrong, '--out', 'x')
  })

  it('says where a failure is, also when it is in a partial', async () => {
    const registry = createRegistry()
    const partial = registry.seed('Partial', [{ state: 'draft', template: 'a\nb {{> x-12345678}}\n' }]).slug
    const user = registry.seed('User', [{ state: 'draft', template: `Hi {{> ${partial}}}` }]).slug
    const { stdout } = await registry.cli('compile')
    const [line] = /\d+:\d+/.exec(stdout) ?? []
    const message = 'there is no prompt x-12345678 here to include as a partial'
    expect(stdout).toBe(
      [
        `failed  ${registry.file(partial)}:${line}\n        ${message}`,
        `failed  ${registry.file(user)}\n        ${registry.file(partial)}:${line}: ${message}`,
        '0 compiled, 2 failed\n',
      ].join('\n'),
    )
  })

  it('--out writes the results', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Out', [{ more: { variables: { name: { example: 'Bo' } } } }])
    mkdirSync(join(registry.dir, 'out/development'), { recursive: true })
    const other = registry.seed('Other', [
      { template: '{{a}} {{b}} {{c}}', more: { variables: { b: { example: 1 } } } },
    ])
    const wrong = registry.seed('Wrong', [{ state: 'draft', template: '{{#a}}{{/a}}' }])
    registry.edit(wrong.slug, '{{/a}}', '')
    expect(await registry.cli('compile', '--out', 'out')).toMatchObject({
      exit: 1,
      stdout: [
        `failed  ${registry.file(wrong.slug)}:9:3\n        the section {{#a}} is never closed`,
        '2 compiled, 1 failed',
        `not written  ${registry.file(other.slug)}: no example of a, c`,
        '1 written to out\n',
      ].join('\n'),
    })
    expect(registry.repo.read(`out/development/${slug}.txt`)).toBe('Hello Bo\n')
    const json = JSON.parse((await registry.cli('compile', '--out', 'out', '--json')).stdout)
    expect(Object.keys(json)).toEqual(['compiled', 'failed', 'skipped', 'results'])
  })
})
