import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import process from 'node:process'
import { hasCode } from './disk.js'

/** Which process made a lock or a journal. */
export interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** Ticks from boot to the start of the process, where /proc tells: a pid that is used again has another. */
  readonly ticks?: string | undefined
}

/** This process. */
export const currentProcess = (): ProcessIdentity => ({
  pid: process.pid,
  host: hostname(),
  ticks: procStat(process.pid)?.ticks,
})

/** What is known of a process that may have ended: `elsewhere` is another host's, which cannot be asked. */
export function fateOf({ pid, host, ticks }: ProcessIdentity): 'alive' | 'dead' | 'elsewhere' {
  if (host !== hostname()) return 'elsewhere'
  if (pid <= 0 || !canBeSignalled(pid)) return 'dead'
  const now = procStat(pid)
  if (now === undefined) return 'alive'
  if (now.state === 'Z' || now.state === 'X') return 'dead'
  return ticks === undefined || ticks === now.ticks ? 'alive' : 'dead'
}

export function isProcessIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null || !('pid' in value) || !('host' in value)) return false
  return Number.isInteger(value.pid) && Number(value.pid) > 0 && typeof value.host === 'string'
}

function canBeSignalled(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !hasCode(error, 'ESRCH')
  }
}

/** Fields 3 and 22 of proc(5)'s `/proc/<pid>/stat`: `7 (a) b) S 1 …`, where the name may hold anything. */
function procStat(pid: number): { state: string; ticks: string } | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined
    throw error
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', ticks: fields[19] ?? '' }
}
