import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { ChangeRecord } from '../../src/registry/apply.js'
import type { LogEntry } from '../../src/registry/log.js'
import type { StatusRow } from '../../src/registry/status.js'
import { createRegistry } from '../helpers/registry.js'

it('status goes on with the right numbers, whichever prompts changed since it was kept', async () => {
  const registry = createRegistry({ engine: 'embedded' })
  const one = registry.seed('One', [{ template: 'a' }, { environment: 'staging', template: 'a' }])
  const two = registry.seed('Two', [{ template: 'b' }])
  const numbers = async () =>
    (await registry.json<StatusRow[]>('status')).map(({ slug, environments }) => [
      slug,
      ...Object.values(environments).map(({ version }) => version),
    ])
  expect(await numbers()).toEqual([
    [one.slug, 1, 2, null],
    [two.slug, 1, null, null],
  ])
  // Newer than what the ledger holds in its segments: its older versions are read only when the prompt is asked for.
  await registry.json('promote', one.slug, '--to', 'production')
  await numbers()
  await registry.json('promote', two.slug, '--to', 'staging')
  expect(await numbers()).toEqual([
    [one.slug, 1, 2, 3],
    [two.slug, 1, 2, null],
  ])
})

it('the timeline of an environment is what the whole history has of it, whatever came since it was kept', async () => {
  const registry = createRegistry()
  const one = registry.seed('One', [{ template: 'a' }, { environment: 'staging', template: 'a' }])
  const two = registry.seed('Two', [{ template: 'b' }])
  const compare = async () => {
    const all = await registry.json<LogEntry[]>('log')
    for (const environment of ['development', 'staging']) {
      const expected = all.filter((entry) => entry.environment === environment)
      for (const _ of ['made', 'kept']) expect(await registry.json('log', '--env', environment)).toEqual(expected)
    }
    return all.length
  }
  const before = await compare()
  await registry.json('promote', two.slug, '--to', 'staging')
  registry.edit(one.slug, 'title: One', 'title: Uno', 'staging')
  registry.edit(one.slug, '|-\n  a', '|-\n  c', 'staging')
  registry.commit('broken by hand')
  expect(await compare()).toBe(before + 2)
  registry.repo.git('reset', '-q', '--hard', 'HEAD~2')
  expect(await compare()).toBe(before)
  await registry.json('archive', one.slug, '--env', 'staging')
  expect(await compare()).toBe(before + 1)
  expect(await registry.json('log', '--env', 'staging', '--limit', '1')).toMatchObject([{ action: 'archived' }])
})

it('the timeline has the newest version on top, also when the ledger below it is gone', async () => {
  const registry = createRegistry()
  const one = registry.seed('One', [{ template: 'a' }, { template: 'b' }])
  for (const title of ['Two', 'Three']) registry.seed(title, [{ template: 'a' }, { template: 'b' }])
  const before = await registry.json<LogEntry[]>('log', '--env', 'development')
  const folder = join(registry.repo.dir, '.git/promptctl')
  const ledger = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith('cache/ledger'),
  )
  rmSync(join(folder, ledger ?? ''), { recursive: true })
  const { commit } = await registry.json<ChangeRecord>('rollback', one.slug)
  const after = await registry.json<LogEntry[]>('log', '--env', 'development')
  expect(after.map((entry) => entry.commit)).toEqual([commit, ...before.map((entry) => entry.commit)])
})
