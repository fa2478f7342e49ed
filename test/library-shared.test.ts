import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Message, Prompt, PromptRegistry } from '../src/index.js'
import { openRegistry } from '../src/index.js'
import { startReceiver } from './helpers/receiver.js'
import { createRegistry, tempDir } from './helpers/registry.js'

/** The same chat prompt, out of each place that the library reads. */
const PLACES = ['in a repository', 'in a repository, by alias', 'in a bundle', 'of a server'] as const

async function openPlace(place: (typeof PLACES)[number]): Promise<{ registry: PromptRegistry; name: string }> {
  const fixture = createRegistry()
  const variables = { history: { type: 'array', default: [{ role: 'user', content: 'Hi', meta: { n: 1 } }] } } as const
  const messages = [
    { role: 'system', content: [{ type: 'text', text: 'Help' }], cache_control: { type: 'ephemeral', tags: ['a'] } },
    { placeholder: 'history' },
  ]
  const more = { messages, variables, tags: ['support'], aliases: ['team/help'], config: { limits: [1] } }
  const { slug } = fixture.seed('Help', [{ environment: 'production', more }])
  const dir = { dir: fixture.dir, environment: 'production' }
  if (place === 'in a repository') return { registry: await openRegistry(dir), name: slug }
  if (place === 'in a repository, by alias') return { registry: await openRegistry(dir), name: 'team/help' }
  const bundle = `${tempDir()}/prompts.json`
  await fixture.json('bundle', '--env', 'production', '-o', bundle)
  if (place === 'in a bundle') return { registry: await openRegistry({ bundle }), name: 'team/help' }
  const [record] = JSON.parse(readFileSync(bundle, 'utf8')).prompts
  const { url } = await startReceiver((response) => response.end(JSON.stringify(record)))
  return { registry: await openRegistry({ url: new URL('/', url).href, environment: 'production' }), name: slug }
}

const compiled = async (registry: PromptRegistry, name: string) => (await registry.get(name)).compile() as Message[]

/** Everything of a value that can be written to, as a program that ignores the types would. */
function scribble(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    scribble(inner)
    try {
      ;(value as Record<string, unknown>)[key] = 'scribble'
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
    }
  }
}

describe('what the library gives to several callers', () => {
  it.each(PLACES)('leaves a prompt %s as it is, whatever one of them writes into it', async (place) => {
    const { registry, name } = await openPlace(place)
    const before = JSON.stringify([await registry.get(name), await compiled(registry, name)])
    const prompt: Prompt = await registry.get(name)
    expect(() => Object.assign(prompt.file, { title: 'Other' })).toThrow(TypeError)
    scribble(prompt)
    scribble(prompt.file)
    if (place !== 'of a server') scribble(await registry.list())
    expect(JSON.stringify([await registry.get(name), await compiled(registry, name)])).toBe(before)
    await registry.close()
  })

  it.each(PLACES)('lets each of them change the messages that it got of one %s', async (place) => {
    const { registry, name } = await openPlace(place)
    const mine = await compiled(registry, name)
    const before = JSON.stringify(mine)
    Object.assign(mine[0]?.['cache_control'] as object, { type: 'other' })
    Object.assign(mine[0]?.content[0] as object, { text: 'Other' })
    Object.assign(mine[1]?.['meta'] as object, { n: 2 })
    Object.assign(mine[1] as object, { content: 'Other' })
    expect(JSON.stringify(mine)).not.toBe(before)
    expect(JSON.stringify(await compiled(registry, name))).toBe(before)
    await registry.close()
  })

  it('takes copies of the messages that a caller gives', async () => {
    const { registry, name } = await openPlace('in a bundle')
    const history = [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }]
    const messages = (await registry.get(name)).compile({ history }) as Message[]
    Object.assign(messages[1]?.content[0] as object, { text: 'Other' })
    expect(history[0]?.content[0]?.text).toBe('Hi')
    await registry.close()
  })

  it('gives every caller lists of its own', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting')
    const registry = await openRegistry({ dir: fixture.dir })
    const before = JSON.stringify([await registry.versions(slug), await registry.files(), registry.environments])
    scribble(await registry.versions(slug))
    scribble(await registry.files())
    scribble(registry.environments)
    expect(JSON.stringify([await registry.versions(slug), await registry.files(), registry.environments])).toBe(before)
    await registry.close()
  })
})
