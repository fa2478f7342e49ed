import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXIT, EXIT_BUG } from '../../src/cli/exit-codes.js'
import { ERROR_CODES } from '../../src/core/errors.js'
import { displayWidth } from '../../src/core/visible.js'
import { promptctl } from '../helpers/cli.js'
import { createRegistry, expectFailure } from '../helpers/registry.js'

describe('exit statuses', () => {
  it('are those of the contract', () => {
    const table: Record<string, number> = {}
    const rows: readonly (readonly [number, string])[] = [
      [2, 'usage'],
      [
        1,
        'invalid_config invalid_prompt broken_seal missing_variable invalid_variable unknown_variable undeclared_variable',
      ],
      [1, 'unused_variable missing_partial partial_cycle output_limit gate_failed check_failed rejected'],
      [3, 'not_found'],
      [4, 'conflict illegal_transition ambiguous renumbers'],
      [5, 'unauthorized forbidden'],
      [6, 'unavailable unsupported'],
    ]
    for (const [exit, codes] of rows) for (const code of codes.split(' ')) table[code] = exit
    expect(EXIT).toEqual(table)
    expect([...ERROR_CODES].sort()).toEqual(Object.keys(table).sort())
    expect(EXIT_BUG).toBe(70)
  })
})

describe('a failure', () => {
  it('with --json is one object on standard error: code, message, hint, details', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Failing')
    const error = await registry.fails(2, 'usage', 'rollback', slug, '--env', 'nowhere')
    expect(error).toEqual({ code: 'usage', message: 'There is no environment nowhere', hint: expect.any(String) })
    const missing = await registry.fails(1, 'missing_variable', 'compile', slug)
    expect(Object.keys(missing)).toEqual(['code', 'message', 'details'].filter((key) => key in missing))
  })

  it('of the parser itself, too, wherever --json stands', async () => {
    const registry = createRegistry()
    for (const words of [
      ['frobnicate'],
      ['list', '--frobnicate'],
      ['show'],
      ['show', 'a', 'b', 'c'],
      ['list', '--env'],
      ['log', '--limit', 'x'],
      [],
    ]) {
      await registry.fails(2, 'usage', ...words)
    }
    const first = await promptctl(registry.place(), '--json', 'frobnicate')
    expect(JSON.parse(first.stderr)).toMatchObject({ error: { code: 'usage' } })
  })

  it('of a name that there is not is the same with help before it', async () => {
    const { exit, stdout, stderr } = await promptctl(createRegistry().place(), 'help', 'publsh')
    expect([exit, stdout, stderr]).toEqual([2, '', "error: unknown command 'publsh'\nhint: Did you mean publish?\n"])
    expect((await promptctl(createRegistry().place(), '-C', '.')).stderr).toContain('No command was named')
  })

  it('as text names the thing, and gives a hint; nothing on standard output', async () => {
    const registry = createRegistry()
    registry.live('Refund email')
    expect(await registry.cli('show', 'refund-emial')).toMatchObject({
      exit: 3,
      stdout: '',
      stderr: 'error: There is no prompt "refund-emial"\nhint: Did you mean refund-email-00000001?\n',
    })
    expect((await registry.cli('lst')).stderr).toContain('Did you mean list?')
  })

  it('of git itself tells once what git said', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Signed')
    registry.edit(slug, 'Hello', 'Bye')
    registry.repo.write('.git/sign', '#!/bin/sh\nexit 1\n')
    chmodSync(join(registry.dir, '.git/sign'), 0o755)
    registry.repo.git('config', 'commit.gpgSign', 'true')
    registry.repo.git('config', 'gpg.program', join(registry.dir, '.git/sign'))
    const { message } = await registry.fails(6, 'unavailable', 'publish', slug)
    expect(message).not.toContain('\n')
    const { stderr } = await registry.cli('publish', slug)
    expect(stderr.startsWith(`error: ${message}\n`)).toBe(true)
    for (const words of ['gpg failed to sign', 'failed to write commit object']) {
      expect(stderr.split(words), stderr).toHaveLength(2)
    }
  })

  it('that nobody foresaw is a bug: 70, and no stack unless PROMPTCTL_DEBUG=1', async () => {
    const registry = createRegistry()
    const editor = () => {
      throw new Error('the editor is broken')
    }
    const result = await promptctl(registry.place({ editor }), 'new', 'Bug')
    expect([result.exit, result.stdout]).toEqual([70, ''])
    expect(result.stderr).toMatch(/bug in promptctl: the editor is broken/)
    expect(result.stderr).not.toContain('    at ')
  })

  it('of the configuration says where', async () => {
    const registry = createRegistry({ config: 'name: test\nenvironments: production\n' })
    const error = await registry.fails(1, 'invalid_config', 'list')
    expect(error.message).toMatch(/promptctl\.yaml:2:/)
  })
})

describe('PROMPTCTL_ENV', () => {
  it('chooses the environment, --env wins over it, and both over the configuration', async () => {
    const registry = createRegistry({
      config:
        'name: test\nbranch: main\nenvironments: [development, staging, production]\ndefault_environment: staging\n',
    })
    const { slug } = registry.live('Where', undefined, 'production')
    const environmentOf = async (env: string | undefined, ...words: string[]) => {
      const place = registry.place({ env: env === undefined ? {} : { PROMPTCTL_ENV: env } })
      return (await promptctl(place, 'show', slug, '--json', ...words)).json<{ environment: string }>().environment
    }
    expect(await environmentOf(undefined)).toBe('staging')
    expect(await environmentOf('')).toBe('staging')
    expect(await environmentOf('production')).toBe('production')
    expect(await environmentOf('production', '--env', 'development')).toBe('development')
    for (const words of [['show', slug], ['list'], ['rollback', slug]]) {
      const place = registry.place({ env: { PROMPTCTL_ENV: 'nowhere' } })
      const { message } = await expectFailure(place, 2, 'usage', ...words)
      expect(message).toBe('There is no environment nowhere, which PROMPTCTL_ENV names')
    }
    await expectFailure(registry.place({ env: { PROMPTCTL_ENV: 'No/Where' } }), 2, 'usage', 'show', slug)
    await expectFailure(registry.place({ env: { PROMPTCTL_GIT: 'svn' } }), 2, 'usage', 'log')
  })
})

describe('colour', () => {
  const hasColour = (text: string): boolean => text.includes('\u001b[')

  it.each([
    [false, {}, false],
    [true, {}, true],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    [true, { FORCE_COLOR: '0' }, false],
  ])('on a terminal: %s, with %o: %s', async (isTerminal, env, expected) => {
    const registry = createRegistry({ engine: 'embedded' })
    registry.live('Colour')
    const run = (...words: string[]) => promptctl(registry.place({ isTerminal, env }), ...words)
    expect(hasColour((await run('list')).stdout)).toBe(expected)
    expect(hasColour((await run('show', 'nothing')).stderr)).toBe(expected)
    expect(hasColour((await run('list', '--json')).stdout)).toBe(false)
  })
})

describe('output', () => {
  it('in a pipe is one line a row, cells separated by tabs, without a header', async () => {
    const registry = createRegistry()
    const { slug } = registry.live('Piped')
    const list = (await registry.cli('list')).stdout
    expect(list.split('\n')).toHaveLength(2)
    expect(list.split('\t').slice(0, 4)).toEqual([slug, 'published', 'v2', 'v2'])
    const log = (await registry.cli('log', slug)).stdout.trimEnd().split('\n')
    expect(log).toHaveLength(2)
    expect(log[0]).toMatch(
      /^live\tv2\tdevelopment\tpublished\t\d{4}-\d\d-\d\dT[^\t]*Z\tAda Lovelace\t[0-9a-f]{7,}\tseed 1$/,
    )
  })

  it('on a terminal is a table under a header that fits', async () => {
    const registry = createRegistry()
    registry.live('A title that is rather long, so that the table has to be cut somewhere')
    const place = registry.place({ isTerminal: true, columns: 60, env: { NO_COLOR: '1' } })
    const lines = (await promptctl(place, 'list')).stdout.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThanOrEqual(2)
    expect(lines[1]).toContain('…')
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(60)
  })

  it.each([70, 80, 100, 140])(
    'of log fits a terminal of %i columns, and never cuts date or commit',
    async (columns) => {
      const registry = createRegistry()
      registry.repo.git('config', 'user.name', '李小龍 Grace Brewster Murray Hopper')
      const long = 'A title that is rather long, so that the table has to be cut'
      const { slug } = await registry.create(long)
      await registry.json(
        'publish',
        slug,
        '-m',
        '日本語の理由: 返金メールの文面を直した、長い長い説明がここに続く、まだまだ続く',
      )
      await registry.json('promote', slug, '--to', 'staging', '-m', 'reviewed in #42')
      registry.edit(slug, long, 'Short', 'staging')
      registry.commit('a subject of plain git that goes on and on, for more than any terminal is wide'.repeat(2))
      const place = (env: object = {}) => registry.place({ isTerminal: true, columns, env: { NO_COLOR: '1', ...env } })
      const show = async (...words: string[]) =>
        (await promptctl(place(), 'log', ...words)).stdout.trimEnd().split('\n')
      const [lanes, timeline, one] = [await show(slug), await show(), await show('--env', 'staging')]
      for (const lines of [lanes.slice(2), timeline, one]) {
        for (const line of lines) expect(displayWidth(line), line).toBeLessThanOrEqual(columns)
        expect(lines.filter((line) => /\d minutes? ago .* [0-9a-f]{8}( {2}.*)?$/.test(line)).length).toBe(
          lines === one ? 2 : 4,
        )
      }
      expect(one.join()).not.toContain('environment')
      for (const line of timeline.slice(1, 3)) expect(line).toContain(slug.slice(-9))
      const coloured = (await promptctl(place({ NO_COLOR: '', FORCE_COLOR: '1' }), 'log')).stdout
      expect(coloured).toContain('\u001b[')
      for (const line of coloured.replaceAll(/\u001b\[\d+m/g, '').split('\n')) {
        expect(displayWidth(line), line).toBeLessThanOrEqual(columns)
      }
    },
  )

  it('of log says why, in the words of -m, beside what a commit changed', async () => {
    const registry = createRegistry()
    const { slug } = await registry.create('One')
    await registry.create('Two')
    await registry.json('publish', '--all', '-m', 'First release\n\nand more')
    const place = registry.place({ isTerminal: true, columns: 120, env: { NO_COLOR: '1' } })
    const notes = async (...words: string[]) =>
      (await promptctl(place, 'log', ...words)).stdout
        .split('\n')
        .flatMap((line) => / ago .* [0-9a-f]{8} {2}(.*)$/.exec(line)?.[1] ?? [])
    expect(await notes(slug)).toEqual(['2 prompts: First release'])
    expect(await notes()).toEqual(['First release'])
  })

  it('of commands that print nothing else is never empty on a terminal', async () => {
    const registry = createRegistry()
    for (const words of [['list'], ['log', '--env', 'staging'], ['status'], ['lint']]) {
      if (words[0] === 'log') registry.live('One')
      const { stdout, exit } = await promptctl(registry.place({ isTerminal: true }), ...words)
      expect([exit, stdout === ''], words.join(' ')).toEqual([0, false])
    }
  })
})
