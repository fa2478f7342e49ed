import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { RULES } from '../../src/core/lint/rules.js'
import type { LintResult } from '../../src/registry/lint.js'
import { promptctl } from '../helpers/cli.js'
import { createRegistry, replaceByLink, type TestRegistry } from '../helpers/registry.js'
import { isolatedEnv } from '../helpers/repo.js'

const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url))

describe('fixtures/broken', async () => {
  const dir = join(FIXTURES, 'broken')
  const { findings } = (await promptctl({ dir, env: isolatedEnv(dir) }, 'lint', '--json')).json<LintResult>()
  const files = readdirSync(join(dir, 'prompts'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))

  it.each(files.sort())('%s', (file) => {
    const text = readFileSync(join(dir, file), 'utf8')
    const expected = [...text.matchAll(/^# expect: (.*)$/gm)].map(([, line]) => line)
    const found = findings.filter((finding) => finding.file === file)
    expect(found.map(({ rule, line, column }) => `${rule} ${line}:${column}`)).toEqual(expected)
    for (const { rule, severity, message } of found) {
      expect(severity).toBe(RULES[rule].severity)
      expect(message).not.toBe('')
    }
  })

  it('has a file for every rule that one file can break', () => {
    const steps = [
      'symlink',
      'id_changed',
      'slug_changed',
      'deleted',
      'illegal_transition',
      'unpublished_change',
      'draft_over_published',
      'not_promoted',
      'renumbers',
    ]
    const broken = new Set<string>(findings.map(({ rule }) => rule))
    expect(
      Object.keys(RULES)
        .filter((rule) => !broken.has(rule))
        .sort(),
    ).toEqual(steps.sort())
  })
})

it('fixtures/registry has no findings', async () => {
  const dir = join(FIXTURES, 'registry')
  const result = await promptctl({ dir, env: isolatedEnv(dir) }, 'lint', '--json')
  expect(result.json()).toMatchObject({ errors: 0 })
})

describe('lint --staged [case 10]', () => {
  const CHANGES: readonly (readonly [
    rule: string,
    environment: string,
    change: (text: string) => string | undefined,
  ])[] = [
    ['slug_changed', 'development', (text) => text.replace(/^slug: .*-(\w+)$/m, 'slug: other-$1')],
    ['id_changed', 'development', (text) => text.replace('0d2f6c1b7e88', '0d2f6c1b7e89')],
    ['path_mismatch', 'development', (text) => text.replace('environment: development', 'environment: staging')],
    ['deleted', 'development', () => undefined],
    ['illegal_transition', 'staging', (text) => text.replace('state: archived', 'state: draft')],
    ['illegal_transition', 'staging', (text) => text.replace('state: archived', 'state: published')],
    ['draft_over_published', 'production', (text) => text.replace('state: published', 'state: draft')],
    ['broken_seal', 'production', (text) => text.replace('Hello', 'Bye')],
  ]

  it.each(CHANGES)('%s in %s', async (rule, environment, change) => {
    const registry = createRegistry()
    const { slug } = registry.seed('Staged', [
      {},
      { environment: 'production' },
      { environment: 'staging', state: 'archived' },
    ])
    const base = registry.head()
    const path = registry.file(slug, environment)
    const before = registry.repo.read(path)
    const after = change(before)
    expect(after).not.toBe(before)
    if (after === undefined) registry.repo.git('rm', '-q', path)
    else registry.repo.write(path, after)
    registry.repo.git('add', '-A')
    const staged = await registry.cli('lint', '--staged', '--json')
    expect(staged.exit).toBe(1)
    expect(staged.json<LintResult>().findings.map((finding) => finding.rule)).toContain(rule)
    registry.commit('by hand')
    const range = await registry.cli('lint', '--range', `${base}..HEAD`, '--json')
    expect([range.exit, range.json<LintResult>().findings]).toEqual([1, staged.json<LintResult>().findings])
  })

  it('changed content that was sealed by hand is an unpublished change', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Sealed', 'one\n')
    const at = /published_at: (.*)\n/.exec(registry.repo.read(registry.file(slug)))?.[0] ?? ''
    registry.edit(slug, 'one', 'two')
    await registry.json('publish', slug)
    const sealed = registry.repo.read(registry.file(slug)).replace(/published_at: .*\n/, at)
    registry.repo.git('reset', '-q', '--hard', 'HEAD~1')
    registry.repo.write(registry.file(slug), sealed)
    registry.repo.git('add', '-A')
    const staged = await registry.cli('lint', '--staged', '--json')
    expect([staged.exit, staged.json()]).toMatchObject([1, { findings: [{ rule: 'unpublished_change' }] }])
  })

  it('reads the index, and not the work tree [case 26]', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Index', 'one\n')
    const good = registry.repo.read(registry.file(slug))
    registry.edit(slug, 'one', 'bad')
    registry.repo.git('add', '-A')
    registry.repo.write(registry.file(slug), good)
    expect((await registry.cli('lint', '--staged')).exit).toBe(1)
    registry.repo.git('reset', '-q', '--hard')
    registry.edit(slug, 'one', 'bad')
    expect((await registry.cli('lint', '--staged')).exit).toBe(0)
    expect((await registry.cli('lint')).exit).toBe(1)
  })

  it('a draft over a published prompt is fine in the first environment, and on a branch', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Draft', undefined, 'staging')
    registry.edit(slug, 'state: published', 'state: draft')
    registry.repo.git('add', '-A')
    expect((await registry.cli('lint', '--staged')).exit).toBe(0)
    registry.edit(slug, 'state: published', 'state: draft', 'staging')
    registry.repo.git('add', '-A')
    expect((await registry.cli('lint', '--staged')).exit).toBe(1)
    registry.repo.git('switch', '-qc', 'topic')
    expect((await registry.cli('lint', '--staged')).exit).toBe(0)
  })
})

describe('what lint prints', () => {
  it('nothing in a pipe when nothing is found', async () => {
    const registry = createRegistry()
    registry.live('Clean')
    for (const words of [
      ['lint'],
      ['lint', '--staged'],
      ['lint', '--range', 'HEAD~1..HEAD'],
      ['lint', '--format', 'github'],
    ]) {
      expect(await registry.cli(...words)).toMatchObject({ exit: 0, stdout: '', stderr: '' })
    }
    expect((await promptctl(registry.place({ isTerminal: true }), 'lint')).stdout).toMatch(/No findings/)
    expect(await registry.json('lint')).toEqual({ errors: 0, warnings: 0, findings: [] })
  })

  it('a line a finding, JSON, or GitHub’s annotations', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Shown', 'one\n')
    registry.edit(slug, 'one', 'two')
    const file = registry.file(slug)
    const text = await registry.cli('lint')
    expect([text.exit, text.stdout]).toEqual([
      1,
      expect.stringMatching(/^prompts\/.*:\d+:\d+: error: .* \[broken_seal\]\n$/),
    ])
    expect((await registry.cli('lint', '--format', 'json')).stdout).toBe((await registry.cli('lint', '--json')).stdout)
    const github = (await registry.cli('lint', '--format', 'github')).stdout
    expect(github).toMatch(
      new RegExp(`^::error file=${file},line=\\d+,col=\\d+,title=promptctl broken_seal::the content .*\\n$`),
    )
    expect(await registry.cli('lint', file)).toMatchObject({ exit: 1 })
    expect(await registry.cli('lint', 'prompts/staging')).toMatchObject({ exit: 0 })
  })

  it('words that exclude each other, and ranges that are none, are usage errors', async () => {
    const registry = createRegistry()
    await registry.fails(2, 'usage', 'lint', '--staged', '--range', 'a..b')
    await registry.fails(2, 'usage', 'lint', 'prompts', '--staged')
    await registry.fails(2, 'usage', 'lint', '--range', 'HEAD')
    await registry.fails(2, 'usage', 'lint', '--format', 'xml')
    await registry.fails(3, 'not_found', 'lint', '--range', 'nowhere..HEAD')
    await registry.fails(3, 'not_found', 'lint', '--range', '--output=x..HEAD')
    await registry.fails(2, 'usage', 'lint', '/etc')
  })
})

it('a symbolic link is a finding, in the work tree, the index and a range [case 45]', async () => {
  const registry = createRegistry()
  const { slug } = registry.live('Link')
  const base = registry.head()
  replaceByLink(join(registry.dir, registry.file(slug)), '/etc/passwd')
  const rules = async (...words: string[]) => {
    const result = await registry.cli('lint', ...words, '--json')
    expect(result.stdout).not.toContain('root:')
    return result.json<LintResult>().findings.map(({ rule }) => rule)
  }
  expect(await rules()).toEqual(['symlink'])
  registry.repo.git('add', '-A')
  expect(await rules('--staged')).toEqual(['symlink'])
  registry.commit('link')
  expect(await rules('--range', `${base}..HEAD`)).toEqual(['symlink'])
})

describe('a mistake in a partial', () => {
  const slugOf = (name: string) => `${name}-0000000${name.length}`
  const fileOf = (name: string) => `prompts/development/${slugOf(name)}.yaml`
  /** Drafts, with their templates on line 6 in double quotes, so that text begins in column 12. */
  function write(templates: Readonly<Record<string, string>>): TestRegistry {
    const registry = createRegistry()
    for (const [name, template] of Object.entries(templates)) {
      const id = `0000000${name.length}-4e9d-4c6b-9a51-0d2f6c1b7e88`
      const head = `id: ${id}\nslug: ${slugOf(name)}\ntitle: ${name}\nenvironment: development\nstate: draft\n`
      registry.repo.write(fileOf(name), `${head}template: "${template}"\n`)
    }
    return registry
  }
  const lintOf = async (registry: TestRegistry, ...names: string[]): Promise<readonly string[]> => {
    const { findings } = (await registry.cli('lint', '--json', ...names.map(fileOf))).json<LintResult>()
    return findings
      .filter(({ rule }) => rule !== 'portable')
      .map(({ rule, file, line, column, message }) => `${file}:${line}:${column} ${rule} ${message}`)
  }
  const into = (name: string) => `{{> ${slugOf(name)}}}`

  it.each([
    ['undeclared_variable', 'Dear {{name}}', 'name is used and not declared', 17],
    ['invalid_prompt', 'Dear {{#a}}', 'the section {{#a}} is never closed', 17],
    ['missing_partial', 'A {{> x-12345678}}', 'there is no prompt x-12345678 here to include as a partial', 14],
  ])('is told once where it is, and else at the tag that leads there: %s', async (rule, inner, message, column) => {
    const registry = write({ abc: inner, a: `Hi ${into('abcd')}`, ab: `Ho ${into('a')}`, abcd: `In ${into('abc')}` })
    const there = `${fileOf('abc')}:6:${column}`
    const away = (name: string) => `${fileOf(name)}:6:15 ${rule} ${message} (${there})`
    expect(await lintOf(registry)).toEqual([`${there} ${rule} ${message}`])
    expect(await lintOf(registry, 'a')).toEqual([away('a')])
    expect(await lintOf(registry, 'ab', 'a')).toEqual([away('a'), away('ab')])
    expect(await lintOf(registry, 'ab', 'abc')).toEqual([`${there} ${rule} ${message}`])
  })

  it('is told by all who make a circle, and by nobody who only leads into it', async () => {
    const registry = write({ a: `A ${into('ab')}`, ab: `B ${into('abc')}`, abc: `C ${into('ab')}` })
    const circle = (...names: string[]) =>
      `partial_cycle partials include one another in a circle: ${names.map(slugOf).join(' -> ')}`
    expect(await lintOf(registry)).toEqual([
      `${fileOf('ab')}:6:14 ${circle('ab', 'abc', 'ab')} (${fileOf('abc')}:6:14)`,
      `${fileOf('abc')}:6:14 ${circle('abc', 'ab', 'abc')} (${fileOf('ab')}:6:14)`,
    ])
    expect(await lintOf(registry, 'a')).toEqual([
      `${fileOf('a')}:6:14 ${circle('ab', 'abc', 'ab')} (${fileOf('abc')}:6:14)`,
    ])
  })
})

describe('lint of paths', () => {
  it('refuses one where nothing is, and takes one that holds no prompts', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Greeting')
    registry.repo.write('evals/a.yaml', '')
    const missing = ['prompts/productoin', 'productoin', registry.file('other-00000009'), `${registry.file(slug)}x`]
    for (const path of missing) await registry.fails(3, 'not_found', 'lint', path)
    await registry.fails(3, 'not_found', 'lint', registry.file(slug), 'prompts/productoin')
    for (const path of ['.', 'prompts', 'prompts/production', 'evals', 'promptctl.yaml', registry.file(slug)]) {
      expect(await registry.cli('lint', path)).toMatchObject({ exit: 0, stderr: '' })
    }
  })

  it('says what cannot be read without the path twice', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Large')
    registry.repo.write(registry.file(slug), 'x'.repeat((1 << 20) + 1))
    expect((await registry.cli('lint', registry.file(slug))).stdout).toBe(
      `${registry.file(slug)}:1:1: error: larger than 1 MiB (1048577 bytes) [invalid_prompt]\n`,
    )
    expect((await registry.fails(1, 'invalid_prompt', 'compile', slug)).message).toBe(
      `${registry.file(slug)}:1:1: larger than 1 MiB (1048577 bytes)`,
    )
  })
})
