import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const { version }: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const CACHE_OF_THIS_NODE = `${process.version}-${process.platform}-${process.arch}`

/** The caller's environment without what reaches git, Node or promptctl. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([key]) => !/^(GIT_|NODE_|PROMPTCTL_|FORCE_COLOR|VITEST)/.test(key)),
)

let temporary: string
beforeAll(() => {
  temporary = mkdtempSync(join(tmpdir(), 'promptctl-bin-'))
})
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

const run = (bin: string, words: readonly string[], more: NodeJS.ProcessEnv = {}) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...words], {
    cwd: temporary,
    env: { ...env, ...more },
    encoding: 'utf8',
  })
  return { exit: status, stdout, stderr }
}

describe('bin/promptctl.js', () => {
  const bin = join(ROOT, 'bin/promptctl.js')

  it('prints the version', () => {
    expect(run(bin, ['--version'])).toEqual({ exit: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('prints help, in any folder', () => {
    const { exit, stdout } = run(bin, ['--help'])
    expect([exit, stdout.includes('compile')]).toEqual([0, true])
  })

  it('refuses an unknown command with exit status 2, and says nothing on standard output', () => {
    const { exit, stdout, stderr } = run(bin, ['frobnicate'])
    expect([exit, stdout, stderr.includes('frobnicate')]).toEqual([2, '', true])
  })
})

describe('the code cache', () => {
  let copy: string
  let bin: string
  let caches: string
  const start = (more: NodeJS.ProcessEnv = {}) => run(bin, ['--version'], more)
  const asEver = () => ({ exit: 0, stdout: `${version}\n`, stderr: '' })
  const cacheOfStart = () => readFileSync(join(caches, 'start.cjs'))
  /** Where the code begins, and how long it is: after three numbers and the chunk it stands twice. */
  const partsOf = (cache: Buffer) => ({ data: 12 + cache.readUInt32LE(4), length: cache.readUInt32LE(8) })

  beforeEach(() => {
    copy = mkdtempSync(join(temporary, 'copy-'))
    for (const part of ['bin', 'dist']) cpSync(join(ROOT, part), join(copy, part), { recursive: true })
    bin = join(copy, 'bin/promptctl.js')
    caches = join(copy, 'dist/cli/cache', CACHE_OF_THIS_NODE)
  })

  it('is there after a build, accepted, and left alone', () => {
    const before = statSync(join(caches, 'start.cjs'))
    expect(start()).toEqual(asEver())
    expect(statSync(join(caches, 'start.cjs'))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs })
  })

  it('is written by the first start where there is none, as for a Node that was not there at the build', () => {
    rmSync(join(copy, 'dist/cli/cache'), { recursive: true })
    expect(start()).toEqual(asEver())
    const first = statSync(join(caches, 'start.cjs'))
    expect(start()).toEqual(asEver())
    expect(statSync(join(caches, 'start.cjs')).ino).toBe(first.ino)
    expect(readdirSync(caches).filter((name) => !name.endsWith('.cjs'))).toEqual([])
  })

  it.each<[string, (cache: Buffer) => Uint8Array]>([
    ['empty', () => Buffer.alloc(0)],
    ['cut in its head', (cache) => cache.subarray(0, 7)],
    ['cut in the middle', (cache) => cache.subarray(0, cache.length >> 1)],
    ['one byte short', (cache) => cache.subarray(0, -1)],
    ['garbage', (cache) => Buffer.alloc(cache.length, 'garbage')],
    ['all zeros', (cache) => Buffer.alloc(cache.length)],
    ['of a chunk of the same length', (cache) => flip(cache, 12)],
    ['of another V8', (cache) => flipInBoth(cache, 4)],
    ['made under other flags', (cache) => flipInBoth(cache, 12)],
    ['flipped in its code', (cache) => flip(cache, partsOf(cache).data + (partsOf(cache).length >> 1))],
    ['flipped in the copy of its code', (cache) => flip(cache, cache.length - 100)],
    ['longer than it says', (cache) => Buffer.concat([cache, Buffer.from('x')])],
    ['of absurd lengths', (cache) => Buffer.concat([cache.subarray(0, 4), Buffer.alloc(8, 0xff), cache.subarray(12)])],
  ])('does no harm when it is %s, and is made anew', (_, damage) => {
    const whole = cacheOfStart()
    const damaged = damage(Buffer.from(whole))
    expect(damaged).not.toEqual(whole)
    writeFileSync(join(caches, 'start.cjs'), damaged)
    expect(start()).toEqual(asEver())
    expect(cacheOfStart()).not.toEqual(damaged)
    expect(start()).toEqual(asEver())
  })

  const flip = (cache: Buffer, at: number): Buffer => {
    cache.writeUInt8(cache.readUInt8(at) ^ 1, at)
    return cache
  }
  const flipInBoth = (cache: Buffer, at: number): Buffer => {
    const { data, length } = partsOf(cache)
    return flip(flip(cache, data + at), data + length + at)
  }

  it('of an older build is not used', () => {
    const chunk = join(copy, 'dist/cli/start.cjs')
    const text = readFileSync(chunk, 'latin1')
    const other = version.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10))
    expect(text.split(version).length).toBeGreaterThan(1)
    writeFileSync(chunk, text.replaceAll(`\`${version}\``, `\`${other}\``), 'latin1')
    expect(start()).toEqual({ ...asEver(), stdout: `${other}\n` })
  })

  it('is not missed where it cannot be written', () => {
    rmSync(join(copy, 'dist/cli/cache'), { recursive: true })
    // A file in the folder's place stops the superuser, too.
    writeFileSync(join(copy, 'dist/cli/cache'), '')
    expect(start()).toEqual(asEver())
    expect(statSync(join(copy, 'dist/cli/cache')).size).toBe(0)
  })

  it('is neither used nor written under flags that change the code', () => {
    rmSync(join(copy, 'dist/cli/cache'), { recursive: true })
    expect(start({ NODE_OPTIONS: '--max-old-space-size=500' })).toEqual(asEver())
    expect(existsSync(caches)).toBe(false)
    expect(start()).toEqual(asEver())
    expect(existsSync(caches)).toBe(true)
  })
})

describe('standard output', () => {
  const LINES = 12_000
  const bin = join(ROOT, 'bin/promptctl.js')
  let cwd: string

  beforeAll(() => {
    cwd = join(temporary, 'registry')
    const slug = 'large-3f8a2b1c'
    mkdirSync(join(cwd, 'prompts/development'), { recursive: true })
    execFileSync('git', ['init', '-q'], { cwd, env })
    writeFileSync(join(cwd, 'promptctl.yaml'), 'name: large\n')
    const head = `id: 3f8a2b1c-4e9d-4c6b-9a51-0d2f6c1b7e88\nslug: ${slug}\ntitle: Large\nenvironment: development\nstate: draft\n`
    const text = 'A line of a template that is larger than the buffer of a pipe.\n'.repeat(LINES)
    writeFileSync(
      join(cwd, `prompts/development/${slug}.yaml`),
      `${head}template: |\n${text.replaceAll(/^(?=.)/gm, '  ')}`,
    )
  })

  const through = (reader: string) =>
    spawnSync('sh', ['-c', `{ "$0" "$1" compile large; echo "exit $?" >&2; } | ${reader}`, process.execPath, bin], {
      cwd,
      env,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })

  it('is whole when it goes through a pipe to a slow reader', () => {
    const { stdout, stderr } = through('{ sleep 0.3; cat; }')
    expect([stdout.split('\n').length, stderr]).toEqual([LINES + 1, 'exit 0\n'])
  })

  it('is whole when another process made the pipe non-blocking', () => {
    // Node makes its standard output non-blocking when it is first used, and here promptctl shares it.
    const script = `require('node:child_process').spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit' }); process.stdout`
    const words = ['-c', '"$0" -e "$1" "$2" compile large | { sleep 0.5; cat; }', process.execPath, script, bin]
    const { stdout, stderr } = spawnSync('sh', words, { cwd, env, encoding: 'utf8', maxBuffer: 1 << 26 })
    expect([stdout.split('\n').length, stderr]).toEqual([LINES + 1, ''])
  })

  it('ends quietly when the reader has gone', () => {
    const { stdout, stderr } = through('head -c 6')
    expect([stdout, stderr]).toEqual(['A line', 'exit 0\n'])
  })

  it('that is full is an error with exit status 6', () => {
    const { status } = spawnSync('sh', ['-c', '"$0" "$1" compile large > /dev/full', process.execPath, bin], {
      cwd,
      env,
    })
    expect(status).toBe(6)
  })
})
