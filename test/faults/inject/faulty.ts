import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type TestRegistry, tempDir } from '../../helpers/registry.js'
import type { ProcessEnv } from '../../helpers/repo.js'

const BIN = fileURLToPath(new URL('../../../bin/promptctl.js', import.meta.url))
const PRELOAD = fileURLToPath(new URL('fs.cjs', import.meta.url))

/** How a process ended. `hit` is the operation that failed or killed: `<phase> <operation> <path>`. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
  readonly hit: string | undefined
}

export interface RunOptions {
  /** See fs.cjs. */
  readonly fault?: string
  readonly stdin?: string
  readonly env?: ProcessEnv
  /** Told the process when it runs. */
  readonly onStart?: (child: ChildProcess) => void
}

/** Starts the built binary in a process group of its own, with faults in what it does below the repository's folder. */
export async function runBinary(
  registry: TestRegistry,
  argv: readonly string[],
  { fault, stdin = '', env, onStart }: RunOptions = {},
): Promise<Ended> {
  const log = join(tempDir(), 'log')
  const faults = fault === undefined ? {} : { FAULT: fault, FAULT_ROOT: registry.dir, FAULT_LOG: log }
  const preload = fault === undefined ? [] : ['--require', PRELOAD]
  const child = spawn(process.execPath, [...preload, BIN, ...argv], {
    cwd: registry.dir,
    env: { ...registry.place().env, ...faults, ...env },
    detached: true,
    stdio: 'pipe',
  })
  onStart?.(child)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data) => (stdout += data))
  child.stderr.on('data', (data) => (stderr += data))
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  const exit = await new Promise<number | null>((resolve) => child.on('close', resolve))
  const hit = existsSync(log) ? readFileSync(log, 'utf8').trim() : undefined
  rmSync(log, { force: true })
  return { exit, stdout, stderr, hit }
}

/** How many file operations a command does, in all (`any`) and by phase. */
export async function countOperations(
  registry: TestRegistry,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<Readonly<Record<string, number>>> {
  const { exit, stderr, hit } = await runBinary(registry, argv, { ...options, fault: 'count' })
  if (exit !== 0 || hit === undefined) throw new Error(`${argv.join(' ')}: ${exit} ${stderr}`)
  return JSON.parse(hit) as Record<string, number>
}
