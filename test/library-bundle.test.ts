import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openRegistry, type PromptChange, type PromptctlError } from '../src/index.js'
import { createRegistry, type TestRegistry, tempDir } from './helpers/registry.js'

const codeOf = (action: Promise<unknown>) => action.catch((error: PromptctlError) => error.code)

async function writeBundle(fixture: TestRegistry, file = `${tempDir()}/prompts.json`): Promise<string> {
  await fixture.json('bundle', '--env', 'production', '-o', file)
  return file
}

describe('a registry out of a bundle', () => {
  it('gives what is live, by slug, UUID and alias, and compiles it', async () => {
    const fixture = createRegistry()
    const inner = fixture.live('Inner', 'for {{who}}', 'production')
    const outer = fixture.seed('Outer', [
      { environment: 'production', template: `Dear {{> ${inner.slug}}}`, more: { aliases: ['team/outer'] } },
      { environment: 'production', state: 'draft', template: 'A DRAFT' },
    ])
    const bundle = await writeBundle(fixture)
    fixture.repo.remove()
    const registry = await openRegistry({ bundle })
    const prompt = await registry.get('team/outer')
    expect(prompt).toMatchObject({ slug: outer.slug, environment: 'production', version: 1, title: 'Outer' })
    expect(prompt.variables).toMatchObject([{ name: 'who', from: inner.slug }])
    expect(prompt.resolvedDigest).not.toBe(prompt.digest)
    expect(prompt.compile({ who: 'Ada' })).toBe('Dear for Ada')
    expect(await registry.get(prompt.id)).toBe(prompt)
    expect(await registry.compile(inner.slug, { who: 'Bo' })).toBe('for Bo')
    expect((await registry.list()).map(({ slug, version }) => [slug, version])).toEqual([
      [inner.slug, 4],
      [outer.slug, 1],
    ])
    expect(await registry.list({ tag: 'nothing' })).toEqual([])
    await registry.close()
  })

  it('throws coded errors', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi {{name}}', 'production')
    const bundle = await writeBundle(fixture)
    const registry = await openRegistry({ bundle, environment: 'production' })
    expect(await codeOf(registry.compile(slug))).toBe('missing_variable')
    expect(await codeOf(registry.get('other-00000009'))).toBe('not_found')
    expect(await codeOf(registry.get('../../etc/passwd'))).toBe('usage')
    expect(await codeOf(registry.get(`${slug}@1`))).toBe('usage')
    expect(await codeOf(registry.get('__proto__'))).toBe('usage')
    expect(await codeOf(registry.get('constructor'))).toBe('not_found')
    expect(await codeOf(registry.get(slug, { environment: 'staging' }))).toBe('usage')
    expect(await codeOf(openRegistry({ bundle, environment: 'staging' }))).toBe('usage')
    expect(await codeOf(openRegistry({ bundle: `${bundle}.not` }))).toBe('not_found')
    writeFileSync(bundle, '{}')
    expect(await codeOf(openRegistry({ bundle }))).toBe('invalid_prompt')
    expect(await codeOf(openRegistry({ bundle, dir: '.' } as never))).toBe('usage')
  })

  it('is read again while it is watched; a damaged file leaves what there was', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi', 'production')
    const other = fixture.live('Other', 'Other', 'production')
    const bundle = await writeBundle(fixture)
    const registry = await openRegistry({ bundle })
    const changes: PromptChange[] = []
    const errors: Error[] = []
    const stop = registry.watch((change) => changes.push(change), { onError: (error) => errors.push(error) })
    writeFileSync(bundle, '{"format":2,')
    await expect.poll(() => errors.length).toBeGreaterThan(0)
    expect(await registry.compile(slug)).toBe('Hi')
    await fixture.json('archive', slug, '--env', 'production')
    rmSync(bundle)
    await writeBundle(fixture, bundle)
    await expect.poll(() => changes).toEqual([{ environment: 'production', slugs: [slug] }])
    expect(await codeOf(registry.get(slug))).toBe('not_found')
    expect(await registry.compile(other.slug)).toBe('Other')
    stop()
  })
})
