import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createRegistry, tempDir } from '../helpers/registry.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')

const OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  target: 'ES2023',
  module: 'NodeNext',
  skipLibCheck: false,
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules/@types')],
}

/** The errors of a program that uses the types: `line: message`. */
function check(types: string, program: string): readonly string[] {
  const dir = tempDir()
  mkdirSync(join(dir, 'node_modules'))
  symlinkSync(ROOT, join(dir, 'node_modules/promptctl'))
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}')
  writeFileSync(join(dir, 'prompts.d.ts'), types)
  writeFileSync(join(dir, 'use.ts'), program)
  writeFileSync(
    join(dir, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: OPTIONS, files: ['prompts.d.ts', 'use.ts'] }),
  )
  const { stdout } = spawnSync(process.execPath, [TSC, '-p', dir], { encoding: 'utf8' })
  return stdout.match(/^\S.*error TS\d+/gm)?.map((line) => line.replace(/^.*?([\w.]+)\((\d+),.*error /, '$1:$2 ')) ?? []
}

describe('promptctl types, held against tsc', () => {
  it('refuses what is missing or wrong, also under an alias, and takes the rest', async () => {
    const fixture = createRegistry()
    const greet = fixture.seed('Greet', [
      {
        environment: 'production',
        template: '{{language}} {{name}} {{#polite}}!{{/polite}}{{#items}}{{title}}{{/items}}',
        more: {
          aliases: ['team/greet'],
          variables: {
            language: { enum: ['en', 'de'] },
            name: { type: 'string' },
            polite: { type: 'boolean', default: false },
            items: { type: 'array', items: { type: 'object', properties: { title: { type: 'string' } } } },
          },
        },
      },
    ]).slug
    const plain = fixture.live('Plain', 'Hi', 'production').slug
    const file = join(tempDir(), 'prompts.d.ts')
    expect(await fixture.json('types', '--env', 'production', '-o', file)).toEqual({
      path: file,
      environment: 'production',
      prompts: 2,
    })
    const types = readFileSync(file, 'utf8')
    expect((await fixture.cli('types', '--env', 'production')).stdout).toBe(types)
    const program = `import { openRegistry } from 'promptctl'
const registry = await openRegistry({ bundle: 'prompts.json' })
const items = [{ title: 'One' }] as const
const prompt = await registry.get('${greet}')
prompt.compile({ language: 'en', name: 'Ada', items })
prompt.compile({ language: 'de', name: 'Ada', polite: true, items }, { strict: true })
await registry.compile('team/greet', { language: 'en', name: 'Ada', items: [] })
await registry.compile('${plain}')
;(await registry.get('somebody-else-00000009')).compile({ anything: 1 })
;(await registry.get(String(1))).compile()
prompt.compile({})
prompt.compile()
prompt.compile({ language: 'fr', name: 'Ada', items })
prompt.compile({ language: 'en', name: 1, items })
prompt.compile({ language: 'en', name: 'Ada', items: [{}] })
prompt.compile({ language: 'en', name: 'Ada', items, nmae: 'Bo' })
;(await registry.get('team/greet')).compile({ language: 'en', items })
await registry.compile('${greet}', { name: 'Ada' })
await registry.compile('${greet}')
`
    const errors = check(types, program)
    expect(errors.map((error) => error.replace(/ TS\d+$/, ''))).toEqual(
      Array.from({ length: 9 }, (_, index) => `use.ts:${11 + index}`),
    )
  })

  it('writes what tsc can read, whatever the prompts say', async () => {
    const fixture = createRegistry()
    const evil = "*/ }; evil(); /* ' ` ${x} \\\\ \\u2028 \\u202e"
    fixture.seed('Evil', [
      {
        environment: 'production',
        template: '{{größe}} {{1}} {{a-b}} {{o.x.y}}',
        more: {
          description: evil,
          variables: {
            größe: { enum: [evil, "it's", '\u202e'], description: evil },
            o: { type: 'object', properties: { [evil]: { minLength: 1 }, constructor: { type: 'number' as const } } },
          },
        },
      },
      { environment: 'production', state: 'draft' },
    ])
    fixture.seed('Chat', [
      {
        environment: 'production',
        more: {
          template: undefined as never,
          messages: [{ role: 'system', content: '{{name}}' }, { placeholder: 'history' }],
        },
      },
    ])
    const { types } = await fixture.json<{ types: string }>('types', '--env', 'production')
    expect(types.match(/00000001/g)).toHaveLength(1)
    expect(check(types, 'export {}')).toEqual([])
  })
})
