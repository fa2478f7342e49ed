// npm run test:planted [name…]: plants each bug of this folder in a copy of the project, and shows that the suite, which
// passes without it, catches it. The last line says how many were caught; the exit status is 0 when all were.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '../../..')
const asked = process.argv.slice(2)
const patches = readdirSync(here).filter(
  (name) => name.endsWith('.patch') && (asked.length === 0 || asked.includes(name.replace('.patch', ''))),
)

const run = (command, args, cwd) => spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 })

/** Fills a folder with the files that git knows, and those that it would take, and links the installed packages. */
function copyProject(copy) {
  const listed = run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], root).stdout
  for (const path of listed.split('\0').filter(Boolean)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    cpSync(join(root, path), join(copy, path))
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
}

function build(copy) {
  const { status, stdout, stderr } = run(process.execPath, ['build/build.mjs'], copy)
  if (status !== 0) throw new Error(`the build failed: ${stdout}${stderr}`)
}

/** What the part of the suite says, `undefined` when it passes. A part that could not run at all is thrown. */
function complaintOf(part, copy) {
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    'faults',
    `test/faults/${part}.test.ts`,
    '--reporter=json',
  ]
  const { status, stdout, stderr } = run(process.execPath, args, copy)
  const { testResults } = JSON.parse(stdout.slice(stdout.lastIndexOf('\n{"numTotal') + 1))
  const failed = testResults.flatMap((file) => file.assertionResults).filter((test) => test.status === 'failed')
  if (failed.length > 0) return `${failed[0].title}: ${failed[0].failureMessages[0]}`
  if (status !== 0) throw new Error(`${part} could not run: ${stderr}`)
  return undefined
}

/** What the part says of a copy of the project with that patch, or of the project as it is. */
function judge(part, patch) {
  const copy = mkdtempSync(join(tmpdir(), 'promptctl-planted-'))
  try {
    copyProject(copy)
    const applied = patch && run('git', ['apply', '--unsafe-paths', `--directory=${copy}`, patch], '/')
    if (applied && applied.status !== 0) throw new Error(`${patch} does not apply: ${applied.stderr}`)
    build(copy)
    return complaintOf(part, copy)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

const bugs = patches.map((name) => {
  const part = /^Caught-by: (\w+)$/m.exec(readFileSync(join(here, name), 'utf8'))?.[1]
  if (part === undefined) throw new Error(`${name} does not say which part catches it`)
  return { name, part }
})
// A part that fails anyhow catches nothing.
for (const part of new Set(bugs.map((bug) => bug.part))) {
  const complaint = judge(part)
  if (complaint !== undefined) throw new Error(`${part} fails without a planted bug: ${complaint}`)
  console.log(`${part}: passes as it is`)
}
let caught = 0
for (const { name, part } of bugs) {
  const complaint = judge(part, join(here, name))
  if (complaint !== undefined) caught += 1
  const words = complaint?.replace(/\u001b\[[0-9;]*m/g, '').slice(0, 600)
  console.log(
    `${name}: ${words === undefined ? `NOT CAUGHT by ${part}` : `caught by ${part}\n    ${words.replaceAll('\n', '\n    ')}`}`,
  )
}
console.log(`${caught} of ${bugs.length} planted bugs were caught`)
process.exit(caught === bugs.length ? 0 : 1)
