import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digestInputs } from '../build/inputs.mjs'

/** Where and with what the figures are measured. */

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

const GIT_CONFIG = `[user]
	name = Ada Example
	email = ada@example.com
[init]
	defaultBranch = main
[advice]
	detachedHead = false
`

/** A temporary HOME, and an environment with nothing of the caller's that would reach git, Node or promptctl, but for `kept`. */
export function openSurroundings(kept = []) {
  const home = mkdtempSync(join(tmpdir(), 'promptctl-bench-home-'))
  writeFileSync(join(home, '.gitconfig'), GIT_CONFIG)
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    GIT_CONFIG_GLOBAL: join(home, '.gitconfig'),
    GIT_CONFIG_NOSYSTEM: '1',
    TZ: 'UTC',
    ...Object.fromEntries(kept.map((name) => [name, process.env[name] ?? ''])),
  }
  const scratch = (name) => {
    const folder = join(home, name)
    mkdirSync(folder, { recursive: true })
    return folder
  }
  return { home, env, scratch, close: () => rmSync(home, { recursive: true, force: true, maxRetries: 10 }) }
}

/** Runs git and returns its output without the last line end; throws with its words. */
export const git = (env, cwd, ...args) =>
  execFileSync('git', args, {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'pipe'],
  }).replace(/\n$/, '')

/** What stands above the table: without it a figure cannot be compared with another's. */
export function describeMachine(env) {
  const [first] = cpus()
  return {
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    git: spawnSync('git', ['--version'], { env, encoding: 'utf8' }).stdout.trim().replace('git version ', ''),
  }
}

/** True when dist/ was built from the sources as they are. */
export function isBuilt() {
  try {
    return readFileSync(join(ROOT, 'dist/inputs.sha256'), 'utf8') === digestInputs(ROOT)
  } catch (error) {
    if (error.code === 'ENOENT') return false
    throw error
  }
}
