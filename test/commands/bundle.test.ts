import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Bundle, checkBundle, formatBundle, parseBundle } from '../../src/core/bundle.js'
import { isPromptctlError } from '../../src/core/errors.js'
import type { PromptFile } from '../../src/core/prompt-file.js'
import { promptctl } from '../helpers/cli.js'
import { createRegistry, type TestRegistry, tempDir } from '../helpers/registry.js'
import { createTeam } from '../helpers/team.js'

// A chat prompt has no template.
const CHAT = {
  template: undefined,
  messages: [{ role: 'system', content: 'You help {{name}}.' }, { placeholder: 'history' }],
  tools: null,
  config: { temperature: 0.2, nested: { b: 1, a: [null, 'x'] } },
  model: { provider: 'example', name: 'large' },
} as unknown as Partial<PromptFile>

/** Two prompts live in production, one including the other, and more that is not live. */
function createFixture(): TestRegistry & { readonly inner: string; readonly outer: string } {
  const fixture = createRegistry()
  const inner = fixture.live('Inner', 'for {{who}}', 'production').slug
  const outer = fixture.live('Outer', `Dear {{> ${inner}}}`, 'production').slug
  fixture.seed('Drafted', [{ environment: 'production', state: 'draft', template: 'SECRET DRAFT' }])
  return Object.assign(fixture, { inner, outer })
}

const bundleOf = async (fixture: TestRegistry): Promise<string> => {
  const { exit, stdout, stderr } = await fixture.cli('bundle', '--env', 'production')
  expect([exit, stderr]).toEqual([0, ''])
  return stdout
}

const verify = (text: string, ...flags: string[]) =>
  promptctl({ dir: tempDir(), env: {}, stdin: text }, 'bundle', '--verify', '-', ...flags)

describe('promptctl bundle', () => {
  it('holds all that is live, resolved, and nothing else', async () => {
    const fixture = createFixture()
    const text = await bundleOf(fixture)
    const bundle = parseBundle(Buffer.from(text), 'bundle')
    expect(bundle).toMatchObject({ format: 2, environment: 'production', commit: fixture.head() })
    expect(bundle.prompts).toMatchObject([
      { slug: fixture.inner, version: 4, template: 'for {{who}}', partials: {} },
      {
        slug: fixture.outer,
        partials: { [fixture.inner]: { template: 'for {{who}}' } },
        variables: [{ name: 'who', from: fixture.inner }],
      },
    ])
    expect(text).not.toContain('SECRET')
  })

  it('is the same to the byte wherever and however often it is made', async () => {
    const fixture = createFixture()
    fixture.seed('Chat', [{ environment: 'production', more: CHAT }])
    const first = await bundleOf(fixture)
    expect(await bundleOf(fixture)).toBe(first)
    const dir = `${tempDir()}/clone`
    fixture.repo.git('clone', '-q', fixture.dir, dir)
    const clone = createRegistry({ existing: dir, engine: 'embedded' })
    expect(await bundleOf(clone)).toBe(first)
    expect(first.endsWith(']}\n')).toBe(true)
    expect(first.split('\n')).toHaveLength(6)
  })

  it('is the same before and after a plain push of its commit', async () => {
    const { ada } = createTeam()
    ada.live('Greeting', 'Hi', 'production')
    const before = await bundleOf(ada)
    ada.repo.git('push', '-q', 'origin', 'main')
    expect(await bundleOf(ada)).toBe(before)
  })

  it('goes on with the version before when a seal is broken, and says so [case 8]', async () => {
    const fixture = createFixture()
    fixture.edit(fixture.inner, 'for', 'FOR', 'production')
    fixture.commit('by hand', '--no-verify')
    const { exit, stdout, stderr } = await fixture.cli('bundle', '--env', 'production')
    expect([exit, stderr]).toEqual([
      0,
      `${fixture.inner}: the newest version is invalid, and the bundle has the one before\n`,
    ])
    expect(parseBundle(Buffer.from(stdout), '').prompts[0]?.template).toBe('for {{who}}')
  })

  it('holds what cannot be compiled as it is, and says so', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Lonely', 'Dear {{> nobody-00000000}}', 'production')
    const { exit, stdout, stderr } = await fixture.cli('bundle', '--env', 'production')
    expect([exit, stderr]).toEqual([
      0,
      `${slug} is live and cannot be compiled: there is no prompt nobody-00000000 here to include as a partial\n`,
    ])
    expect((await verify(stdout)).exit).toBe(0)
  })

  it('writes a file, and tells what is in it', async () => {
    const fixture = createFixture()
    const file = `${tempDir()}/deep/prompts.json`
    const summary = { environment: 'production', commit: fixture.head(), prompts: 2 }
    expect(await fixture.json('bundle', '--env', 'production', '-o', file)).toEqual({ path: file, ...summary })
    expect(readFileSync(file, 'utf8')).toBe(await bundleOf(fixture))
    const { stdout } = await fixture.cli('bundle', '--env', 'production', '-o', file)
    expect(stdout).toBe(`${file}: 2 prompts of production at ${fixture.head().slice(0, 12)}\n`)
  })

  it('holds nothing that a terminal would obey, and the text as it is all the same [case 50]', async () => {
    const fixture = createRegistry()
    const template = 'a\u009b31m\u202e\u2028b\u001b]0;x\u0007 😀'
    fixture.seed('Evil', [{ environment: 'production', template }])
    const text = await bundleOf(fixture)
    expect(text).not.toMatch(/[\p{Cf}\p{Zl}]|(?!\n)\p{Cc}/u)
    expect(parseBundle(Buffer.from(text), '').prompts[0]?.template).toBe(template)
    expect((await verify(text)).exit).toBe(0)
  })

  it('leaves nothing out of a shallow clone without saying so', async () => {
    const fixture = createRegistry()
    const plain = fixture.live('Plain', 'Hi', 'production')
    const clone = (name: string) => {
      const dir = `${tempDir()}/${name}`
      fixture.repo.git('clone', '-q', '--depth=1', `file://${fixture.dir}`, dir)
      return createRegistry({ existing: dir })
    }
    const bundle = parseBundle(Buffer.from(await bundleOf(clone('one'))), '')
    expect(bundle.prompts).toMatchObject([{ slug: plain.slug, version: null }])
    fixture.seed('Drafted', [{ environment: 'production' }, { environment: 'production', state: 'draft' }])
    const error = await clone('two').fails(6, 'unsupported', 'bundle', '--env', 'production')
    expect(error.hint).toContain('git fetch --unshallow')
  })
})

describe('promptctl bundle --verify', () => {
  it('passes a bundle as it was made, also one with odd contents', async () => {
    const fixture = createFixture()
    fixture.seed('Chat', [{ environment: 'production', more: CHAT }])
    fixture.seed('Empty', [{ environment: 'production', more: { variables: {}, response_format: null } }])
    const { exit, stdout } = await verify(await bundleOf(fixture), '--json')
    expect([exit, JSON.parse(stdout)]).toEqual([0, { environment: 'production', commit: fixture.head(), prompts: 4 }])
  })

  const tampered = (change: (prompt: Record<string, unknown>, bundle: Bundle) => void) => (text: string) => {
    const bundle = JSON.parse(text)
    change(bundle.prompts[1], bundle)
    return formatBundle(bundle)
  }
  const other = `sha256:${'0'.repeat(64)}`

  it.each([
    ['template', tampered((prompt) => Object.assign(prompt, { template: 'Other' }))],
    ['config', tampered((prompt) => Object.assign(prompt, { config: {} }))],
    ['digest', tampered((prompt) => Object.assign(prompt, { digest: other }))],
    ['resolved digest', tampered((prompt) => Object.assign(prompt, { resolved_digest: other }))],
    ['partials', tampered((prompt) => Object.assign(prompt, { partials: {} }))],
    [
      'a partial',
      tampered((prompt) => {
        for (const partial of Object.values(prompt['partials'] as object)) partial.template = 'Other'
      }),
    ],
    ['list of variables', tampered((prompt) => Object.assign(prompt, { variables: [] }))],
    ['list of keys', tampered((prompt) => Object.assign(prompt, { note: 'x' }))],
    [
      'list of keys of a partial',
      tampered((prompt) => {
        for (const partial of Object.values(prompt['partials'] as object)) partial.note = 'x'
      }),
    ],
  ])('names the prompt whose %s was changed', async (_, change) => {
    const fixture = createFixture()
    const { exit, stdout, stderr } = await verify(change(await bundleOf(fixture)), '--json')
    const { error } = JSON.parse(stderr)
    expect([exit, stdout, error.code]).toEqual([1, '', 'check_failed'])
    expect(error.details.problems).toMatchObject([{ slug: fixture.outer }])
  })

  it.each([
    ['a moved alias', tampered((prompt) => Object.assign(prompt, { aliases: ['team/other'] }))],
    ['another version', tampered((prompt) => Object.assign(prompt, { version: 3 }))],
    ['another commit', tampered((_, bundle) => Object.assign(bundle, { commit: '0'.repeat(40) }))],
    ['an unknown key', tampered((_, bundle) => Object.assign(bundle, { note: 'x' }))],
    ['one prompt less', tampered((_, bundle) => Object.assign(bundle, { prompts: bundle.prompts.slice(0, 1) }))],
  ])('finds %s', async (_, change) => {
    const { exit, stdout, stderr } = await verify(change(await bundleOf(createFixture())), '--json')
    const { error } = JSON.parse(stderr)
    expect([exit, stdout, error.code]).toEqual([1, '', 'check_failed'])
    expect(error.details.problems).toMatchObject([{ slug: null }])
  })

  it.each([
    ['nothing', '', 'standard input is not JSON'],
    ['half of a file', '{"format":2,"prompts":[', 'standard input is not JSON'],
    ['another document', '[]', 'standard input is no bundle'],
    ['an earlier format', '{"format":1}', 'standard input is a bundle of format 1, and this promptctl reads 2'],
    ['a later format', '{"format":3}', 'standard input is a bundle of format 3'],
    ['deep nesting', `{"format":2,"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'nests deeper than 64'],
    [
      'a wrong prompt',
      '{"format":2,"environment":"a","commit":"x","digest":"x","prompts":[]}',
      'standard input is no bundle',
    ],
  ])('refuses %s clearly', async (_, text, message) => {
    const { exit, stderr } = await verify(text, '--json')
    const { error } = JSON.parse(stderr)
    expect([exit, error.code]).toEqual([1, 'invalid_prompt'])
    expect(error.message).toContain(message)
  })

  it('refuses prompts that are there twice', async () => {
    const bundle = parseBundle(Buffer.from(await bundleOf(createFixture())), '')
    const twice = formatBundle({ ...bundle, prompts: [...bundle.prompts, ...bundle.prompts] })
    expect(checkBundle(bundle)).toEqual([])
    const error = (() => {
      try {
        return parseBundle(Buffer.from(twice), 'b.json')
      } catch (thrown) {
        return thrown
      }
    })()
    expect(isPromptctlError(error, 'invalid_prompt')).toBe(true)
  })

  it('goes alone', async () => {
    const result = await verify('', '--env', 'production')
    expect([result.exit, result.stderr.split('\n')[0]]).toEqual([
      2,
      'error: --verify takes a bundle, and neither --env nor -o',
    ])
  })
})
