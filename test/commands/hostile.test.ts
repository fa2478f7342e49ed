import { existsSync, mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { promptctl } from '../helpers/cli.js'
import {
  createRegistry,
  ENGINES,
  type PromptRecord,
  replaceByLink,
  type TestRegistry,
  tempDir,
} from '../helpers/registry.js'

const NASTY =
  '\u001b]0;x\u0007 \u001b]8;;http://evil\u0007link\u001b]8;;\u0007 \u001b]52;c;eA==\u0007 \u202etxt\r \u009b2J'
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

describe('references from a stranger [case 46]', () => {
  let registry: TestRegistry
  let canary: string
  beforeAll(async () => {
    registry = createRegistry()
    await registry.create('Here')
    canary = join(tempDir(), 'x')
  })

  const REFERENCES = [
    '../../etc/passwd',
    '../../../../../../etc/passwd',
    '/abs',
    '/etc/passwd',
    '.git',
    '.git/config',
    '-x',
    'a\0b',
    'a'.repeat(300),
    'a'.repeat(301),
    '--output=CANARY',
    'HEAD:../x',
    'here@--output=CANARY',
    'here@HEAD',
    'here@../x',
    'prompts/development',
    'C:\\x',
    '%2e%2e/x',
    '',
    ' ',
    'here@99999999999999999999',
  ]
  const COMMANDS: readonly (readonly string[])[] = [
    ['show', 'REF'],
    ['compile', 'REF'],
    ['compile', 'REF', '--live'],
    ['log', 'REF'],
    ['rollback', 'REF', '--env', 'development'],
    ['diff', 'REF'],
    ['diff', 'here', 'REF'],
    ['variables', 'REF'],
    ['edit', 'REF', '--set', 'title=x'],
    ['publish', 'REF'],
    ['archive', 'REF'],
    ['promote', 'REF', '--to', 'staging'],
    ['publish', 'here', '--env', 'REF'],
    ['rollback', '--env', 'development', '--to', 'REF'],
    ['lint', '--range', 'REF..HEAD'],
    ['log', '--at', 'REF'],
  ]

  it.each(COMMANDS)('%s %s %s %s', async (...words) => {
    const before = registry.repo.git('status', '--porcelain')
    const head = registry.head()
    for (const reference of REFERENCES.map((text) => text.replace('CANARY', canary))) {
      if (reference === '' && words.includes('--range')) continue
      const argv = words.map((word) => word.replace('REF', () => reference))
      const result = await promptctl(registry.place(), ...argv, '--json')
      const said = `${argv.join(' ')}: ${result.exit} ${result.stdout}${result.stderr}`
      expect([2, 3], said).toContain(result.exit)
      expect(['usage', 'not_found'], said).toContain(
        (JSON.parse(result.stderr) as { error: { code: string } }).error.code,
      )
      expect(said).not.toContain('root:')
      expect(OBEYED.test((await promptctl(registry.place(), ...argv)).stderr.replaceAll('\n', ''))).toBe(false)
    }
    expect([existsSync(canary), registry.repo.git('status', '--porcelain'), registry.head()]).toEqual([
      false,
      before,
      head,
    ])
  })
})

describe('a symbolic link [case 45]', () => {
  const COMMANDS: readonly (readonly string[])[] = [
    ['show'],
    ['compile'],
    ['variables'],
    ['publish'],
    ['edit', '--set', 'title=x'],
    ['diff'],
  ]

  it.each(['/etc/passwd', '../../secret.txt'])(
    'to %s in place of a file is an error, and nothing of it is printed',
    async (target) => {
      const registry = createRegistry()
      const { slug } = registry.live('Link')
      registry.repo.write('secret.txt', 'root: secret text\n')
      registry.commit('secret')
      replaceByLink(join(registry.dir, registry.file(slug)), target)
      const check = async (count: number) => {
        for (const [command = '', ...rest] of COMMANDS) {
          const result = await registry.cli(command, slug, ...rest)
          expect([result.exit, /secret text|root:/.test(result.stdout + result.stderr)], command).toEqual([1, false])
        }
        for (const words of [
          ['list', '--full', '--json'],
          ['compile', '--strict'],
          ['lint'],
          ['status'],
          ['log', slug],
          ['doctor'],
        ]) {
          const result = await registry.cli(...words)
          expect(/secret text|root:/.test(result.stdout + result.stderr), words.join(' ')).toBe(false)
        }
        expect(await registry.served(slug)).toBe('Hello Bo\n')
        expect(await registry.log(slug)).toHaveLength(count)
      }
      await check(2)
      registry.commit('link')
      await check(3)
      expect((await registry.log(slug))[0]).toMatchObject({ state: 'invalid', action: 'broken' })
      const version = await registry.cli('show', `${slug}@3`)
      expect([version.exit, /root:/.test(version.stdout + version.stderr)]).toEqual([1, false])
    },
  )

  it('in place of a folder is not followed', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Folder')
    const outside = join(tempDir(), 'outside')
    renameSync(join(registry.dir, 'prompts/development'), outside)
    symlinkSync(outside, join(registry.dir, 'prompts/development'))
    for (const words of [
      ['show', slug],
      ['compile', slug],
      ['publish', slug],
    ]) {
      const result = await registry.cli(...words)
      expect(result.exit, `${words.join(' ')} ${result.stdout}`).not.toBe(0)
      expect(result.stdout + result.stderr).not.toContain('Hello')
    }
    const made = await promptctl(registry.place({ stdin: 'x' }), 'new', 'Through the link', '--template-file', '-')
    expect(made.exit).not.toBe(0)
    const lint = await registry.cli('lint', '--json')
    expect([lint.exit, lint.stdout.includes('symlink')]).toEqual([1, true])
  })

  it('in place of the prompts folder is not followed', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Root')
    const outside = join(tempDir(), 'outside')
    mkdirSync(outside)
    renameSync(join(registry.dir, 'prompts'), join(outside, 'prompts'))
    symlinkSync(join(outside, 'prompts'), join(registry.dir, 'prompts'))
    expect((await registry.cli('compile', slug)).exit).not.toBe(0)
    expect((await registry.cli('lint')).exit).toBe(1)
  })

  it.each(ENGINES)('that is committed is listed as it is, with what is live under it (%s)', async (engine) => {
    const registry = createRegistry({ engine })
    const { slug } = registry.live('Link')
    const listed = async () => (await registry.json<PromptRecord[]>('list')).find((one) => one.slug === slug)
    const live = { state: 'invalid', live_version: 2 }
    replaceByLink(join(registry.dir, registry.file(slug)), '../../notes.txt')
    expect(await listed()).toMatchObject({ ...live, version: null, modified: true })
    const commit = registry.commit('link')
    expect(await listed()).toMatchObject({ ...live, version: 3, commit })
    expect(await listed()).not.toHaveProperty('modified')
    expect((await registry.cli('list')).stdout).toContain(`${slug}\tinvalid\tv3\tv2`)
  })
})

describe('text with terminal control characters [case 50]', () => {
  it('is visible on a terminal and in a pipe, exact from compile and in JSON', async () => {
    const registry = createRegistry()
    const stdin = `${NASTY}\n`
    const made = await promptctl(
      registry.place({ stdin }),
      'new',
      `Title \u001b]0;x\u0007`,
      '--template-file',
      '-',
      '--tag',
      'tag\u001b[2J',
      '--json',
    )
    const { slug } = made.json<{ slug: string }>()
    await registry.json('publish', slug, '-m', NASTY)
    registry.edit(slug, 'state: published', 'state: draft')
    registry.commit(`subject ${NASTY.replaceAll('\r', '')}`)
    for (const isTerminal of [true, false]) {
      const place = () => registry.place({ isTerminal, env: { NO_COLOR: '1' } })
      for (const words of [
        ['list'],
        ['status'],
        ['show', slug],
        ['log'],
        ['log', slug],
        ['diff', slug, '1', '2'],
        ['lint'],
        ['variables', slug],
        ['compile'],
        ['diff', slug, '1', '2', '--format', 'markdown'],
      ]) {
        const { stdout, stderr } = await promptctl(place(), ...words)
        expect(
          OBEYED.test((stdout + stderr).replaceAll('\n', '')),
          `${words.join(' ')}: ${JSON.stringify(stdout)}`,
        ).toBe(false)
      }
    }
    expect((await registry.cli('compile', slug)).stdout).toBe(stdin)
    expect(await registry.json('show', slug)).toMatchObject({
      title: 'Title \u001b]0;x\u0007',
      template: stdin,
      tags: ['tag\u001b[2J'],
    })
    expect((await registry.log(slug))[0]?.subject).toContain('\u001b]0;x\u0007')
    expect(registry.repo.git('log', '-2', '--format=%B', 'HEAD~1').split('\n')[0]).toBe(`publish(development): ${slug}`)
  })
})

it('a promptctl.config.js in the registry is never run [case 51]', async () => {
  const registry = createRegistry()
  const { slug } = registry.live('Config')
  const canary = join(tempDir(), 'canary')
  const script = `require('node:fs').writeFileSync(${JSON.stringify(canary)}, '')\n`
  for (const name of [
    'promptctl.config.js',
    'promptctl.config.cjs',
    'promptctl.config.mjs',
    '.promptctlrc.js',
    'promptctl.js',
  ])
    registry.repo.write(name, script)
  for (const words of [['list'], ['lint'], ['compile', '--strict'], ['show', slug], ['status'], ['doctor']])
    await registry.cli(...words)
  expect(existsSync(canary)).toBe(false)
})

it('a message that begins with trailers of its own adds none to the machine’s [case 15g]', async () => {
  const registry = createRegistry()
  const { slug } = registry.seed('Trailers', [{ state: 'draft' }])
  await registry.json('publish', slug, '-m', 'Prompt-Action: archived\nPrompt-Slug: other')
  expect(await registry.log(slug)).toMatchObject([{ action: 'published' }, { action: 'created' }])
})
