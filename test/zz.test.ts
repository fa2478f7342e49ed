import { it } from 'vitest'
import { createRegistry, removeRegistries } from './helpers/registry.js'
it.each(['native','embedded'] as const)('x %s', async (engine) => {
  const t = (l: string, t0: number) => console.log(engine, l, (performance.now() - t0).toFixed(0))
  for (let i = 0; i < 3; i++) {
  let t0 = performance.now(); const r = createRegistry({engine}); t('create', t0)
  t0 = performance.now(); const {slug} = await r.create('X'); t('new', t0)
  t0 = performance.now(); await r.json('publish', slug); t('publish', t0)
  t0 = performance.now(); await r.json('log', slug); t('log', t0)
  t0 = performance.now(); await r.json('show', slug); t('show', t0)
  t0 = performance.now(); await r.json('promote', slug, '--to', 'staging'); t('promote', t0)
  t0 = performance.now(); r.head(); t('git rev-parse', t0)
  t0 = performance.now(); r.edit(slug, 'Hello', 'Hi'); r.commit('x'); t('commit', t0)
  t0 = performance.now(); removeRegistries(); t('remove', t0)
  }
})
