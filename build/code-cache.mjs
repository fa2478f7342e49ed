import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const runner = fileURLToPath(new URL('run-and-save.cjs', import.meta.url))

const TEMPLATE = 'You are a {{language}} expert.\n{{#polite}}Please {{/polite}}do this: {{task}}\n'
const VALUES = ['--var', 'language=TypeScript', '--var', 'polite=true', '--var', 'task=sort a list']

/** A prompt's life in short: each command adds to the caches what it compiled. The last ones are what people run most. */
const COMMANDS = [
  ['--version'],
  ['--help'],
  ['init'],
  ['new', 'Warm up', '--template-file', 'template.txt'],
  ['list'],
  ['status'],
  ['lint'],
  ['lint', '--staged'],
  ['publish', 'warm-up'],
  ['promote', 'warm-up', '--to', 'staging'],
  ['log', 'warm-up'],
  ['diff', 'warm-up', '1', '2'],
  ['show', 'warm-up'],
  ['compile', 'nothing-like-it'],
  ['compile', 'warm-up', ...VALUES],
  ['compile', 'warm-up', '--json', ...VALUES],
]

/** The user's environment without what would reach Node, git or promptctl in these runs. */
const environment = (home) => {
  const kept = Object.entries(process.env).filter(([key]) => !/^(GIT_|NODE_|PROMPTCTL_|FORCE_COLOR)/.test(key))
  const identity = { GIT_AUTHOR_NAME: 'Build', GIT_AUTHOR_EMAIL: 'build@example.com' }
  const committer = { GIT_COMMITTER_NAME: 'Build', GIT_COMMITTER_EMAIL: 'build@example.com' }
  return {
    ...Object.fromEntries(kept),
    ...identity,
    ...committer,
    HOME: home,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  }
}

const EXIT_BUG = 70

function runAndSave(directory, command, options) {
  const { status, stderr } = spawnSync(process.execPath, [runner, directory, ...command], options)
  if (status === EXIT_BUG) console.warn(`promptctl ${command.join(' ')}: ${stderr}`)
}

/**
 * Makes the code caches of the chunks in `directory` by running the commands that people run, so that the functions that
 * V8 compiles when they are first called are included. What a command says does not matter, nor whether it
 * can work here, without git for one; a bug is mentioned.
 */
export function makeCodeCache(directory) {
  const home = mkdtempSync(join(tmpdir(), 'promptctl-build-'))
  try {
    const cwd = join(home, 'registry')
    mkdirSync(cwd)
    writeFileSync(join(cwd, 'template.txt'), TEMPLATE)
    for (const command of COMMANDS) {
      runAndSave(directory, command, { cwd, env: environment(home), encoding: 'utf8', timeout: 20_000 })
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
