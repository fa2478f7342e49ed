import { beforeAll, describe, expect, it } from 'vitest'
import { createRegistry, type TestRegistry } from '../helpers/registry.js'

describe('completion', () => {
  let registry: TestRegistry
  let slug: string
  beforeAll(() => {
    registry = createRegistry()
    slug = registry.live('Greeting').slug
  })
  const wordsFor = async (line: string): Promise<readonly string[]> => {
    const { stdout } = await registry.cli('completion', 'bash', '--candidates', line)
    return stdout.split('\n').flatMap((row) => row.split('\t', 1)[0] || [])
  }
  const ENVIRONMENTS = ['development', 'staging', 'production']

  it.each<[string, readonly string[]]>([
    ['promptctl sta', ['status']],
    ['promptctl -C /tmp com', ['compile', 'completion']],
    ['promptctl completion ', ['bash', 'zsh', 'fish']],
    ['promptctl completion f', ['fish']],
    ['promptctl completion bash ', []],
    ['promptctl promote x --to st', ['staging']],
    ['promptctl promote --to=st', ['--to=staging']],
    ['promptctl list --env ', ENVIRONMENTS],
    ['promptctl list -e ', ENVIRONMENTS],
    ['promptctl list --env=', ENVIRONMENTS.map((name) => `--env=${name}`)],
    ['promptctl rollback --to ', []],
    ['promptctl compile --li', ['--live']],
    ['promptctl compile --js', ['--json']],
    ['promptctl --reg', ['--registry']],
    ['promptctl import ', []],
    ['promptctl lint ', []],
    ['promptctl nothing ', []],
    ['promptctl diff x d', ['development']],
  ])('offers for %j: %j', async (line, words) => {
    expect(await wordsFor(line)).toEqual(words)
  })

  it('offers prompts where a prompt can stand', async () => {
    for (const line of ['show ', 'compile --var a=b greet', 'publish x ', 'promote --to staging ', 'log ']) {
      expect(await wordsFor(`promptctl ${line}`), line).toEqual([slug])
    }
    expect((await registry.cli('completion', 'fish', '--candidates', 'promptctl show ')).stdout).toBe(
      `${slug}\tGreeting\n`,
    )
    expect(await wordsFor('promptctl show x ')).toEqual([])
  })

  it('refuses another shell', async () => {
    await registry.fails(2, 'usage', 'completion', 'tcsh')
  })
})
