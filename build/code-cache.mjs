import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const runner = fileURLToPath(new URL('run-and-save.cjs', import.meta.url))

const TEMPLATE = 'You are a {{language}} expert.\n{{#polite}}Please {{/polite}}do this: {{task}}\n'
const VALUES = ['--var', 'language=TypeScript', '--var', 'polite=true', '--var', 'task=sort a list']

/** What is saved with all that it compiled, in an order in which each can work: a command's caches hold what its lines call. */
const FREQUENT = [
  ['--help'],
  ['compile', 'warm-up', ...VALUES],
  ['publish', 'warm-up'],
  ['edit', 'warm-up', '--template-file', 'other.txt'],
  ['publish', 'warm-up'],
  ['rollback', 'warm-up'],
  ['promote', 'warm-up', '--to', 'staging'],
  ['log', 'warm-up'],
  ['list'],
  ['status'],
  ['show', 'warm-up'],
  ['show', 'warm-up@2'],
  ['diff', 'warm-up', '1', '2'],
  ['lint', '--staged'],
  ['lint', '--range', 'HEAD~2..HEAD'],
  ['push'],
  ['rollback', 'warm-up', '--env', 'development', '--push'],
]

/** For the chunks that those do not load. */
const OTHERS = [['compile', 'warm-up', '--json', ...VALUES], ['compile', '--strict'], ['lint'], ['eval', 'warm-up']]

const TEST_SET = `providers: [echo]
defaultTest:
  vars: {polite: true, language: [TypeScript, Python]}
tests:
  - vars: {task: sort a list}
    assert:
      - {type: contains, value: '{{task}}'}
      - {type: regex, value: '^You'}
      - {type: word-count, value: {min: 2}}
`

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

function writeTestSets(cwd) {
  mkdirSync(join(cwd, 'evals'))
  for (const name of readdirSync(join(cwd, 'prompts/development'))) writeFileSync(join(cwd, 'evals', name), TEST_SET)
}

/** Where there is no git, nothing is pushed. */
function addRemote({ cwd, env }, url) {
  spawnSync('git', ['clone', '--quiet', '--bare', cwd, url], { env })
  spawnSync('git', ['remote', 'add', 'origin', url], { cwd, env })
  spawnSync('git', ['fetch', '--quiet', 'origin'], { cwd, env })
}

/**
 * Makes the code caches of the chunks in `directory` by running commands, so that the functions that V8 compiles when
 * they are first called are included. What a command says does not matter, nor whether it can work here, without git
 * for one; a bug is mentioned.
 */
export function makeCodeCache(directory) {
  const home = mkdtempSync(join(tmpdir(), 'promptctl-build-'))
  const cwd = join(home, 'registry')
  const options = { cwd, env: environment(home), encoding: 'utf8', timeout: 20_000 }
  const run = (save, command) => {
    const { status, stderr } = spawnSync(process.execPath, [runner, directory, save, ...command], options)
    if (status === EXIT_BUG) console.warn(`promptctl ${command.join(' ')}: ${stderr}`)
  }
  try {
    mkdirSync(cwd)
    writeFileSync(join(cwd, 'template.txt'), TEMPLATE)
    writeFileSync(join(cwd, 'other.txt'), `${TEMPLATE}Be brief.\n`)
    run('nothing', ['init'])
    run('all', ['new', 'Warm up', '--template-file', 'template.txt'])
    addRemote(options, join(home, 'remote.git'))
    writeTestSets(cwd)
    for (const command of FREQUENT) run('all', command)
    for (const command of OTHERS) run('missing', command)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
