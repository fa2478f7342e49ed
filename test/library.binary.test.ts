import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { createRegistry, tempDir } from './helpers/registry.js'

const LIBRARY = new URL('../dist/index.js', import.meta.url).href

describe('the built library', () => {
  it('loads no git and no network for a bundle, and lets the process end', async () => {
    const fixture = createRegistry()
    const { slug } = fixture.live('Greeting', 'Hi {{name}}', 'production')
    const bundle = `${tempDir()}/prompts.json`
    await fixture.json('bundle', '--env', 'production', '-o', bundle)
    const script = `
      import { openRegistry } from ${JSON.stringify(LIBRARY)}
      const registry = await openRegistry({ bundle: ${JSON.stringify(bundle)} })
      registry.watch(() => undefined)
      const text = await registry.compile(${JSON.stringify(slug)}, { name: 'Ada' })
      const heavy = process.moduleLoadList.filter((name) => /^NativeModule (child_process|http|worker_threads)$/.test(name))
      console.log(JSON.stringify({ text, heavy }))`
    const run = (text: string, path = '/nowhere'): unknown =>
      JSON.parse(
        execFileSync(process.execPath, ['--input-type=module', '-e', text], {
          cwd: tempDir(),
          env: { PATH: path },
          encoding: 'utf8',
        }),
      )
    expect(run(script)).toEqual({ text: 'Hi Ada', heavy: [] })
    // What it looks for is seen when it is there.
    const withGit = script.replace(
      /\{ bundle: .* \}/,
      `{ dir: ${JSON.stringify(fixture.dir)}, environment: 'production' }`,
    )
    expect(run(withGit, process.env['PATH'])).toMatchObject({
      heavy: expect.arrayContaining(['NativeModule child_process']),
    })
  })
})
