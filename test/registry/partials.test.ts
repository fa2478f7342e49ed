import { describe, expect, it } from 'vitest'
import type { ChangeRecord } from '../../src/registry/apply.js'
import { createRegistry } from '../helpers/registry.js'

interface Digests {
  readonly digest: string
  readonly resolved_digest: string
}

/** A tone and a prompt that uses it, both live up to there. */
function included(upTo: readonly string[] = ['development']) {
  const registry = createRegistry()
  const at = (template: string) => upTo.map((environment) => ({ environment, template }))
  const tone = registry.seed('Tone', at('be kind'))
  const user = registry.seed('User', at(`{{> ${tone.slug}}}, {{name}}`))
  return { registry, tone: tone.slug, user: user.slug }
}

describe('partials [case 15f]', () => {
  it('a changed partial changes the resolved digest of its users, and not their digest', async () => {
    const { registry, tone, user } = included()
    const digests = () => registry.json<Digests>('compile', user, '--live', '--var', 'name=Bo')
    const before = await digests()
    expect(before).toMatchObject({ compiled: 'be kind, Bo' })
    registry.edit(tone, 'be kind', 'be terse')
    expect(await digests()).toEqual(before)
    await registry.json('publish', tone)
    const after = await digests()
    expect(after).toMatchObject({ compiled: 'be terse, Bo', digest: before.digest })
    expect(after.resolved_digest).not.toBe(before.resolved_digest)
    const alone = await registry.json<Digests>('compile', tone, '--live')
    expect(alone.resolved_digest).toBe(alone.digest)
  })

  it('a version is compiled with the partials that were live at its commit', async () => {
    const { registry, tone, user } = included()
    registry.edit(tone, 'be kind', 'be terse')
    await registry.json('publish', tone)
    expect((await registry.cli('compile', `${user}@1`, '--var', 'name=Bo')).stdout).toBe('be kind, Bo')
    expect((await registry.cli('compile', user, '--var', 'name=Bo')).stdout).toBe('be terse, Bo')
  })

  it.each(['with the ledger', 'without'])(
    'a version under a draft of its partial finds the one before, %s',
    async (how) => {
      const registry = createRegistry()
      const development = { environment: 'development' }
      const tone = registry.seed('Tone', [
        { ...development, template: 'be kind' },
        { ...development, template: 'be unsure', state: 'draft' },
      ]).slug
      const user = registry.seed('User', [{ ...development, template: `{{> ${tone}}}, {{name}}` }]).slug
      await registry.json('publish', tone)
      registry.edit(user, ', {{name}}', '; {{name}}')
      await registry.json('publish', user)
      if (how === 'with the ledger') await registry.json('status')
      const at = async (version: number) =>
        (await registry.cli('compile', `${user}@${version}`, '--var', 'name=Bo')).stdout
      expect([await at(1), await at(2)]).toEqual(['be kind, Bo', 'be unsure; Bo'])
      expect(await registry.json('show', `${user}@1`)).toMatchObject({ variables: [{ name: 'name' }] })
    },
  )

  it('a draft on top of a partial is not what live includes', async () => {
    const { registry, tone, user } = included()
    await registry.json('edit', tone, '--set', 'description=x')
    registry.edit(tone, 'be kind', 'be terse')
    registry.commit('draft')
    expect(await registry.served(user)).toBe('be kind, Bo')
    expect((await registry.cli('compile', user, '--var', 'name=Bo')).stdout).toBe('be terse, Bo')
  })

  it('promote refuses a user whose partial is not live there, or takes it along', async () => {
    const { registry, tone, user } = included()
    const error = await registry.fails(1, 'missing_partial', 'promote', user, '--to', 'staging')
    expect([error.message, error.hint]).toEqual([
      expect.stringContaining(tone),
      expect.stringContaining('--with-partials'),
    ])
    const before = registry.head()
    await registry.json('promote', user, '--to', 'staging', '--with-partials')
    expect(registry.repo.git('rev-list', '--count', `${before}..HEAD`)).toBe('1')
    expect(await registry.served(user, 'staging')).toBe('be kind, Bo')
  })

  it('promote --all takes partials along, and passes over what it always passes over', async () => {
    const { registry, tone, user } = included()
    registry.seed('Draft', [{ state: 'draft' }])
    const staging = { environment: 'staging' }
    const rolled = registry.seed('Rolled back', [
      { template: 'one' },
      { template: 'one', ...staging },
      { template: 'two' },
      { template: 'two', ...staging },
    ]).slug
    await registry.json('rollback', rolled, '--env', 'staging')
    await registry.json('promote', tone, '--to', 'staging')
    await registry.json('archive', tone, '--env', 'staging')
    const words = ['promote', '--all', '--to', 'staging', '--with-partials']
    const before = registry.head()
    for (const flags of [[], ['--again']]) {
      const error = await registry.fails(1, 'missing_partial', ...words, ...flags)
      expect([error.details?.['slug'], error.hint]).toEqual([user, `${tone} was passed over: archived there.`])
    }
    expect(registry.head()).toBe(before)
    const records = await registry.json<ChangeRecord[]>(...words, '--again', '--restore')
    expect(records.map(({ slug }) => slug).sort()).toEqual([tone, user].sort())
    expect(await registry.served(rolled, 'staging')).toBe('one')
  })

  it('publish refuses a prompt whose partial is a draft, and takes both at once', async () => {
    const registry = createRegistry()
    const tone = registry.seed('Tone', [{ template: 'kind', state: 'draft' }]).slug
    const user = registry.seed('User', [{ template: `{{> ${tone}}}`, state: 'draft' }]).slug
    await registry.fails(1, 'missing_partial', 'publish', user)
    await registry.json('publish', user, tone)
    expect(await registry.served(user)).toBe('kind')
  })

  it('archive refuses a partial that live prompts include, with their names', async () => {
    const { registry, tone, user } = included()
    const error = await registry.fails(4, 'illegal_transition', 'archive', tone)
    expect([error.message, error.details?.['included_by']]).toEqual([expect.stringContaining(user), [user]])
    await registry.json('archive', tone, user)
    expect(await registry.served(user)).toBe('not_found')
  })

  it('archive looks at what is live, and not at the draft on top of it', async () => {
    const { registry, tone, user } = included()
    registry.edit(user, 'state: published', 'state: draft')
    registry.edit(user, `{{> ${tone}}}`, 'nothing')
    registry.commit('draft on top')
    await registry.fails(4, 'illegal_transition', 'archive', tone)
    await registry.json('publish', user)
    await registry.json('archive', tone)
  })

  it('the variables of a partial are variables of the prompt', async () => {
    const registry = createRegistry()
    const tone = registry.live('Tone', 'be {{tone}}').slug
    const user = registry.live('User', `{{> ${tone}}}, {{name}}`).slug
    const names = (await registry.json<{ name: string }[]>('variables', user)).map(({ name }) => name).sort()
    expect(names).toEqual(['name', 'tone'])
    expect(await registry.json('compile', '--strict')).toMatchObject({ failed: 0 })
  })

  it('a partial of another environment is not found', async () => {
    const registry = createRegistry()
    const tone = registry.seed('Tone', [{ template: 'kind' }]).slug
    const user = registry.seed('User', [{ template: `{{> ${tone}}}`, environment: 'staging' }]).slug
    await registry.fails(1, 'missing_partial', 'compile', user, '--env', 'staging')
    await registry.fails(1, 'missing_partial', 'compile', user, '--env', 'staging', '--live')
    const lint = await registry.cli('lint', '--json')
    expect([lint.exit, lint.json()]).toMatchObject([1, { findings: [{ rule: 'missing_partial' }] }])
  })
})
