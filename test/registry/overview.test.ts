import { expect, it } from 'vitest'
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
