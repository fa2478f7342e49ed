import { describe, expect, it } from 'vitest'
import { checkFile } from '../../src/core/lint/file.js'
import { checkAliases } from '../../src/core/lint/registry.js'
import { createFinding, RULES } from '../../src/core/lint/rules.js'
import { checkStep } from '../../src/core/lint/step.js'
import { parsePrompt, readPrompt } from '../../src/core/prompt-reader.js'
import { documentOf, environment, type Sketch, SLUG } from './versions.js'

const D = 'development'
const P = 'production'
const ENVIRONMENTS = [environment(D), environment(P)]

describe('the rules', () => {
  it('are those of the contract, three of them warnings', () => {
    const names =
      'invalid_prompt broken_seal path_mismatch misplaced_file symlink duplicate_alias id_changed slug_changed deleted illegal_transition unpublished_change draft_over_published not_promoted renumbers missing_partial partial_cycle undeclared_variable unused_variable portable'
    expect(Object.keys(RULES)).toEqual(names.split(' '))
    const warnings = Object.entries(RULES).filter(([, { severity }]) => severity === 'warning')
    expect(warnings.map(([rule]) => rule)).toEqual(['undeclared_variable', 'unused_variable', 'portable'])
    expect(createFinding('deleted', 'x', 'm')).toEqual({
      rule: 'deleted',
      severity: 'error',
      file: 'x',
      line: 1,
      column: 1,
      message: 'm',
    })
  })
})

describe('checkFile', () => {
  const check = (path: string, text: string) =>
    checkFile(path, () => readPrompt(text, path), ENVIRONMENTS).findings.map(({ rule }) => rule)
  const path = `prompts/${D}/${SLUG}.yaml`

  it('passes over what people keep beside prompts', () => {
    for (const name of ['README.md', 'README', '.gitkeep', 'CODEOWNERS', `${D}/.DS_Store`])
      expect(check(`prompts/${name}`, '')).toEqual([])
    for (const name of ['notes.txt', `${D}/a.yaml`, `other/${SLUG}.yaml`])
      expect(check(`prompts/${name}`, '')).toEqual(['misplaced_file'])
  })

  it('reads a good file without a finding, and gives the prompt', () => {
    const { source } = documentOf([D, 'published'])
    const checked = checkFile(path, () => readPrompt(source.text, path), ENVIRONMENTS)
    expect([checked.findings, checked.document?.prompt.slug]).toEqual([[], SLUG])
  })

  it('finds a broken seal at the digest, and an absent one at the state', () => {
    const { text } = documentOf([D, 'published']).source
    const torn = checkFile(path, () => readPrompt(text.replace(/ a\n/, ' b\n'), path), ENVIRONMENTS).findings
    expect(torn).toMatchObject([
      { rule: 'broken_seal', line: text.split('\n').findIndex((line) => line.startsWith('digest')) + 1 },
    ])
    const bare = checkFile(path, () => readPrompt(text.replace(/digest: .*\n/, ''), path), ENVIRONMENTS).findings
    expect(bare).toMatchObject([{ rule: 'broken_seal', line: 5 }])
  })
})

describe('checkStep', () => {
  const edit = (sketch: Sketch, from: string | RegExp, to: string) => {
    const { source } = documentOf(sketch)
    return parsePrompt(source.text.replace(from, to), source.file)
  }
  type Document = ReturnType<typeof documentOf>
  const check = (before: Document | undefined, after: Document | undefined, name = D, shared = true) =>
    checkStep(
      {
        path: 'x',
        environment: environment(name),
        before,
        existed: before !== undefined,
        after,
        exists: after !== undefined,
      },
      { firstEnvironment: environment(D), shared },
    ).map(({ rule, unlessRestored }) => `${rule}${unlessRestored ? '?' : ''}`)

  it.each<[string, Document | undefined, Document | undefined, string, boolean, string[]]>([
    ['a new file', undefined, documentOf([D, 'draft']), D, true, []],
    ['nothing', documentOf([D, 'draft']), documentOf([D, 'draft']), D, true, []],
    ['deleted', documentOf([D, 'draft']), undefined, D, true, ['deleted']],
    ['draft to published', documentOf([D, 'draft']), documentOf([D, 'published']), D, true, []],
    ['published to archived', documentOf([D, 'published']), documentOf([D, 'archived']), D, true, []],
    ['archived to draft', documentOf([D, 'archived']), documentOf([D, 'draft']), D, true, ['illegal_transition']],
    [
      'published to draft, in the first environment',
      documentOf([D, 'published']),
      documentOf([D, 'draft']),
      D,
      true,
      [],
    ],
    [
      'published to draft, in production',
      documentOf([P, 'published']),
      documentOf([P, 'draft']),
      P,
      true,
      ['draft_over_published'],
    ],
    [
      'published to draft, in production, on a branch',
      documentOf([P, 'published']),
      documentOf([P, 'draft']),
      P,
      false,
      [],
    ],
    ['another id', documentOf([D, 'draft']), edit([D, 'draft'], '7e88', '7e89'), D, true, ['id_changed']],
    [
      'another slug',
      documentOf([D, 'draft']),
      edit([D, 'draft'], 'slug: greet', 'slug: other'),
      D,
      true,
      ['slug_changed'],
    ],
    [
      'sealed by hand',
      documentOf([D, 'published', 'a']),
      documentOf([D, 'published', 'b']),
      D,
      true,
      ['unpublished_change?'],
    ],
    [
      'published anew',
      documentOf([D, 'published', 'a']),
      edit([D, 'published', 'b'], '2026-01-31', '2026-02-01'),
      D,
      true,
      [],
    ],
    [
      'a new title alone',
      documentOf([D, 'published']),
      edit([D, 'published'], 'title: Greet', 'title: New'),
      D,
      true,
      [],
    ],
  ])('%s', (_, before, after, name, shared, expected) => {
    expect(check(before, after, name, shared)).toEqual(expected)
  })
})

describe('checkAliases', () => {
  const withAlias = (slug: string, state: 'draft' | 'archived', name = D) => {
    const { source } = documentOf([name, state])
    return parsePrompt(
      source.text.replace('slug: greet', `slug: ${slug}`).replace('title: Greet', 'title: Greet\naliases: [x, z]'),
      `${slug}.yaml`,
    )
  }

  it('finds each alias that two prompts of an environment have', () => {
    const found = checkAliases([
      withAlias('a', 'draft'),
      withAlias('b', 'draft'),
      withAlias('c', 'archived'),
      withAlias('d', 'draft', P),
    ])
    expect(found.map(({ file, rule, message }) => [file, rule, message])).toEqual([
      ['b.yaml', 'duplicate_alias', expect.stringContaining('alias x')],
      ['b.yaml', 'duplicate_alias', expect.stringContaining('alias z')],
    ])
  })

  it('finds one that is the slug or the id of another prompt, whichever comes first, also of an archived one', () => {
    const one = (slug: string, more: { id?: string; state?: 'archived'; environment?: typeof P } = {}) => {
      const document = withAlias('a', 'draft')
      return { ...document, prompt: { ...document.prompt, id: `id-${slug}`, ...more, slug, aliases: ['x', 'id-y'] } }
    }
    const check = (...documents: unknown[]) =>
      checkAliases(documents as Parameters<typeof checkAliases>[0]).map(({ message }) => message)
    const archived = one('x', { state: 'archived' })
    const expected = ['the alias x of a names x too']
    expect([check(one('a'), archived), check(archived, one('a'))]).toEqual([expected, expected])
    expect(check(one('a'), one('y', { state: 'archived' }))).toEqual(['the alias id-y of a names y too'])
    expect([check(one('x')), check(one('y')), check(one('a'), one('x', { environment: P }))]).toEqual([[], [], []])
  })
})
