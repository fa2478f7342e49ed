// npm run test:faults -- [--seed <number>] [--minutes <number>] [part…]: the long form of the suite. A part is the name of
// a file here: model, kills, io, full-disk, interleave, writers, remotes, serve, fuzz. It takes longer than the minutes
// where each has to happen a number of times: 50 kills a phase, every file operation of every command.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, minutes: { type: 'string', default: '10' } },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const minutes = Number(values.minutes)
if (!Number.isSafeInteger(seed) || !(minutes > 0)) {
  console.error('usage: npm run test:faults -- [--seed <whole number>] [--minutes <number>] [part…]')
  process.exit(2)
}
const root = fileURLToPath(new URL('../..', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'promptctl-faults-'))
const figures = join(dir, 'figures')
writeFileSync(figures, '')
console.log(
  `seed ${seed}, ${minutes} minutes; the same again: npm run test:faults -- --seed ${seed} --minutes ${minutes}`,
)
const files = positionals.map((part) => `test/faults/${part}.test.ts`)
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'faults', '--no-file-parallelism', ...files],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      PROMPTCTL_FAULTS_SEED: String(seed),
      PROMPTCTL_FAULTS_MINUTES: String(minutes),
      PROMPTCTL_FAULTS_REPORT: figures,
    },
  },
)
for (const line of readFileSync(figures, 'utf8').trim().split('\n').filter(Boolean)) {
  const { part, seed: _, ...found } = JSON.parse(line)
  console.log(`${part}:`)
  for (const [name, value] of Object.entries(found))
    console.log(`  ${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}`)
}
rmSync(dir, { recursive: true, force: true })
console.log(`seed ${seed}`)
process.exit(status ?? 1)
