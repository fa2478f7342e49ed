import { describe, expect, it } from 'vitest'
import * as library from '../src/index.js'
import { createRegistry } from './helpers/registry.js'

const open = (dir: string, environment?: string) =>
  library.openRegistry(environment === undefined ? { dir } : { dir, environment })

describe('the library', () => {
  it('exports what is documented, and nothing else', () => {
    expect(Object.keys(library).sort()).toMatchSnapshot()
  })

  it('gets what an environment serves, and compiles it many times', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi {{name}}', 'production')
    fixture.edit(slug, 'Hi', 'Hello')
    const registry = await open(fixture.dir, 'production')
    const prompt = await registry.get(slug)
    expect(prompt).toMatchObject({ slug, environment: 'production', title: 'Greeting', version: 4 })
    expect(prompt.variables.map(({ name, required }) => [name, required])).toEqual([['name', true]])
    expect([prompt.compile({ name: 'Ada' }), prompt.compile({ name: 'Bo' })]).toEqual(['Hi Ada', 'Hi Bo'])
    expect(await registry.compile(slug, { name: 'Cy' }, { environment: 'development', workTree: true })).toBe(
      'Hello Cy',
    )
    await registry.close()
  })

  it('throws coded errors', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi {{name}}')
    const registry = await open(fixture.dir)
    const codeOf = (action: Promise<unknown>) => action.catch((error: library.PromptctlError) => error.code)
    expect(await codeOf(registry.compile(slug))).toBe('missing_variable')
    expect(await codeOf(registry.get(slug, { environment: 'production' }))).toBe('not_found')
    expect(await codeOf(registry.get('greet'))).toBe('not_found')
    expect(await codeOf(registry.get('../etc/passwd'))).toBe('usage')
    expect(await codeOf(registry.get(slug, { environment: 'nowhere' }))).toBe('usage')
    expect(await codeOf(registry.get(slug, { version: 99 }))).toBe('not_found')
    await registry.close()
    expect(await codeOf(open('/'))).toBe('not_found')
    expect(await codeOf(open(fixture.dir, 'prod'))).toBe('usage')
    expect(await codeOf(open(fixture.dir, '../x'))).toBe('usage')
  })

  it('lists prompts, and the versions of one', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi {{name}}', 'staging')
    const registry = await open(fixture.dir)
    expect(await registry.files({ environment: 'staging' })).toMatchObject([{ slug, template: 'Hi {{name}}' }])
    expect((await registry.versions(slug)).map(({ version, action }) => [version, action])).toEqual([
      [3, 'promoted'],
      [2, 'published'],
      [1, 'created'],
    ])
    expect((await registry.get(slug, { version: 1 })).file.state).toBe('draft')
    await registry.close()
  })

  it('reads a prompt once until the branch moves, also under its alias [case 8]', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.seed('Greeting', [
      { environment: 'production', template: 'One', more: { aliases: ['team/greet'] } },
    ])
    const registry = await open(fixture.dir, 'production')
    const prompt = await registry.get('team/greet')
    expect(await registry.get('team/greet')).toBe(prompt)
    fixture.edit(slug, 'One', 'Broken', 'production')
    // An alias of the work tree is not live.
    fixture.edit(slug, 'team/greet', 'team/other', 'production')
    fixture.commit('by hand', '--no-verify')
    expect(await registry.compile('team/greet')).toBe('One')
    expect(await registry.get('team/other').catch((error: library.PromptctlError) => error.code)).toBe('not_found')
    expect(await registry.list()).toMatchObject([{ slug, aliases: ['team/greet'], version: 1 }])
    await registry.close()
  })

  it('tells what changed when the branch moves', async () => {
    const fixture = createRegistry()
    const first = fixture.live('First', 'One', 'production')
    fixture.live('Second', 'Two', 'production')
    const registry = await open(fixture.dir, 'production')
    const changes: library.PromptChange[] = []
    const stop = registry.watch((change) => changes.push(change))
    await new Promise((done) => setTimeout(done, 1000))
    await fixture.json('archive', first.slug, '--env', 'production')
    await expect.poll(() => changes).toEqual([{ environment: 'production', slugs: [first.slug] }])
    stop()
    await registry.close()
  })
})
