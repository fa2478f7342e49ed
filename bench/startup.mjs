// What a start costs: each figure and its peer in turns, whole processes, medians.
// Usage: startup.mjs [--rounds 20] [--json]
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const bin = fileURLToPath(new URL('../bin/promptctl.js', import.meta.url))

const PROMPT = `id: 3f8a2b1c-4e9d-4c6b-9a51-0d2f6c1b7e88
slug: review-a-change-3f8a2b1c
title: Review a change
environment: development
state: draft
variables:
  language: {type: string, description: The language of the change}
  change: {type: string}
template: |
${'  You review {{language}} and answer in short sentences. Name each line of {{change}} that you would not merge.\n'.repeat(12)}`
const VALUES = ['--var', 'language=TypeScript', '--var', 'change=a diff']

/** A registry of one prompt, in a git repository. */
const makeRegistry = (folder) => {
  mkdirSync(join(folder, 'prompts/development'), { recursive: true })
  writeFileSync(join(folder, 'promptctl.yaml'), 'name: bench\nenvironments: [development, staging, production]\n')
  writeFileSync(join(folder, 'prompts/development/review-a-change-3f8a2b1c.yaml'), PROMPT)
  execFileSync('git', ['init', '-q'], { cwd: folder })
  execFileSync('git', ['add', '-A'], { cwd: folder })
  const identity = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.com']
  execFileSync('git', [...identity, 'commit', '-qm', 'a registry'], { cwd: folder })
}

const PEER = { figure: 'node -e 0', words: ['-e', '0'] }
const FIGURES = [
  { figure: '--version', words: [bin, '--version'], target: 1.35 },
  { figure: '--help', words: [bin, '--help'], target: 1.35 },
  { figure: 'compile <slug>', words: [bin, 'compile', 'review-a-change-3f8a2b1c', ...VALUES], target: 1.35 },
  { figure: 'lint --staged', words: [bin, 'lint', '--staged'], target: 1.8 },
]

const timeOf = (words, cwd) => {
  const start = process.hrtime.bigint()
  const { status, stderr } = spawnSync(process.execPath, words, { cwd })
  const ms = Number(process.hrtime.bigint() - start) / 1e6
  if (status !== 0) throw new Error(`${words.join(' ')}: exit ${status}: ${stderr}`)
  return ms
}

const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1]

/** Runs each figure once a round, after two rounds that do not count: [{figure, ms, peerMs, ratio, target, passed}]. */
export function measureStartup({ rounds = 20 } = {}) {
  const cwd = mkdtempSync(join(tmpdir(), 'promptctl-bench-'))
  try {
    makeRegistry(cwd)
    const times = [PEER, ...FIGURES].map(({ words }) => ({ words, ms: [] }))
    for (let round = -2; round < rounds; round++) {
      for (const { words, ms } of times) {
        const taken = timeOf(words, cwd)
        if (round >= 0) ms.push(taken)
      }
    }
    const [peerMs = 0, ...figureMs] = times.map(({ ms }) => median(ms))
    return FIGURES.map(({ figure, target }, index) => {
      const ratio = figureMs[index] / peerMs
      return { figure, peer: PEER.figure, ms: figureMs[index], peerMs, ratio, target, passed: ratio <= target }
    })
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
}

const formatRow = ({ figure, ms, peer, peerMs, ratio, target, passed }) =>
  `${figure.padEnd(16)} ${ms.toFixed(1).padStart(7)} ms   ${peer} ${peerMs.toFixed(1)} ms   ratio ${ratio.toFixed(2)} (at most ${target})   ${passed ? 'pass' : 'FAIL'}`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' }, json: { type: 'boolean' } } })
  const figures = measureStartup({ rounds: Number(values.rounds) })
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length }
  if (values.json) console.log(JSON.stringify({ machine, figures }))
  else console.log([`Node ${machine.node}, ${machine.cores} × ${machine.cpu}`, ...figures.map(formatRow)].join('\n'))
}
