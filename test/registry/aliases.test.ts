import { describe, expect, it } from 'vitest'
import { createRegistry } from '../helpers/registry.js'

const withAliases = (...aliases: string[]) => ({ more: { aliases } })

describe('aliases', () => {
  it('name a prompt wherever a slug does', async () => {
    const registry = createRegistry()
    const { slug } = registry.seed('Greeting', [{ template: 'hi {{name}}', ...withAliases('team/greet', 'hello') }])
    for (const name of [
      'team/greet',
      'hello',
      slug,
      'greeting',
      slug.slice(-8),
      '00000001-4e9d-4c6b-9a51-0d2f6c1b7e88',
    ]) {
      expect(await registry.json('show', name), name).toMatchObject({ slug, aliases: ['team/greet', 'hello'] })
    }
    expect((await registry.cli('compile', 'team/greet', '--var', 'name=Bo')).stdout).toBe('hi Bo')
    expect(await registry.json('show', 'team/greet@1')).toMatchObject({ slug })
    expect(await registry.json('log', 'hello')).toHaveLength(1)
    await registry.fails(3, 'not_found', 'show', 'team')
    await registry.fails(3, 'not_found', 'show', '00000001-4e9d-4c6b-9a51-000000000000')
  })

  it('that two prompts of an environment would share are refused by publish, promote and edit', async () => {
    const registry = createRegistry()
    const owner = registry.seed('Owner', [
      { ...withAliases('greet') },
      { environment: 'staging', ...withAliases('greet') },
    ])
    const { slug } = registry.seed('Second', [{ state: 'draft', ...withAliases('other') }])
    registry.edit(slug, 'other', 'greet')
    const error = await registry.fails(4, 'conflict', 'publish', slug)
    expect(error.details).toMatchObject({ alias: 'greet', slug, owner: owner.slug, rule: 'duplicate_alias' })
    await registry.fails(4, 'conflict', 'edit', slug, '--set', 'aliases=x,greet')
    const lint = await registry.cli('lint', '--json')
    expect([lint.exit, lint.json()]).toMatchObject([1, { findings: [{ rule: 'duplicate_alias', line: 4 }] }])
    registry.repo.git('checkout', '-q', '.')
    await registry.json('archive', owner.slug)
    await registry.json('edit', slug, '--set', 'aliases=greet', '--publish')
    await registry.fails(4, 'conflict', 'promote', slug, '--to', 'staging')
  })

  it('that are the slug or the id of another prompt are refused by publish, edit and lint', async () => {
    const registry = createRegistry()
    const owner = registry.live('Owner')
    const { slug } = registry.seed('Second', [{ state: 'draft', ...withAliases('other') }])
    const { id } = await registry.json<{ id: string }>('show', owner.slug)
    for (const alias of [owner.slug, id]) {
      registry.edit(slug, 'other', alias)
      const error = await registry.fails(4, 'conflict', 'publish', slug)
      expect(error.details).toEqual({ alias, slug, owner: owner.slug, rule: 'duplicate_alias' })
      const lint = await registry.cli('lint', '--json')
      expect([lint.exit, lint.json()]).toMatchObject([1, { findings: [{ rule: 'duplicate_alias', line: 4 }] }])
      registry.repo.git('checkout', '-q', '.')
      await registry.fails(4, 'conflict', 'edit', slug, '--set', `aliases=${alias}`)
    }
    await registry.json('edit', slug, '--set', `aliases=${slug}`)
  })

  it('one that is another prompt’s in another environment is ambiguous on the command line', async () => {
    const registry = createRegistry()
    const a = registry.seed('A', [{ ...withAliases('greet') }])
    const b = registry.seed('B', [{ environment: 'staging', ...withAliases('greet') }])
    const error = await registry.fails(4, 'ambiguous', 'show', 'greet')
    expect(error.details).toEqual({ candidates: [a.slug, b.slug] })
    await registry.json('archive', a.slug)
    expect(await registry.json('show', 'greet', '--env', 'staging')).toMatchObject({ slug: b.slug })
  })
})

describe('shortened names', () => {
  it('a prefix that is the whole title part wins, and what is not archived wins', async () => {
    const registry = createRegistry()
    const short = registry.live('Refund')
    const long = registry.live('Refund email')
    expect(await registry.json('show', 'refund')).toMatchObject({ slug: short.slug })
    expect(await registry.json('show', 'refund-e')).toMatchObject({ slug: long.slug })
    const error = await registry.fails(4, 'ambiguous', 'show', 'ref')
    expect(error.details).toEqual({ candidates: [long.slug, short.slug].sort() })
    expect(error.hint).toContain(long.slug)
    await registry.json('archive', long.slug)
    expect(await registry.json('show', 'ref')).toMatchObject({ slug: short.slug })
  })

  it('a name that is nearly right is suggested', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Refund email')
    const error = await registry.fails(3, 'not_found', 'show', 'refund-emial')
    expect([error.hint, error.details?.['closest']]).toEqual([expect.stringContaining(slug), [slug]])
  })

  it('a version and an --env that do not fit are a usage error', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Fit', undefined, 'staging')
    await registry.fails(2, 'usage', 'show', `${slug}@2`, '--env', 'staging')
    await registry.fails(2, 'usage', 'compile', `${slug}@3`, '--env', 'development')
    const commit = (await registry.log(slug))[0]?.commit
    await registry.fails(2, 'usage', 'show', `${slug}@${commit}`, '--env', 'nowhere')
    await registry.fails(2, 'usage', 'show', `${slug}@${commit}`, '--env', 'development')
    expect(await registry.json('show', `${slug}@3`, '--env', 'staging')).toMatchObject({ version: 3 })
  })
})
