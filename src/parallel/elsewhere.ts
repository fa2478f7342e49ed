import { spawn } from 'node:child_process'

export interface ElsewhereOptions {
  /** The command line that starts promptctl again. */
  readonly program: readonly string[]
  readonly words: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ends it. */
  readonly signal: AbortSignal
}

/** Runs promptctl in a process of its own, and resolves when that has ended, however: what it did is seen by what it left. */
export async function runElsewhere({ program, words, cwd, env, signal }: ElsewhereOptions): Promise<void> {
  const [command, ...first] = program
  if (command === undefined || signal.aborted) return
  await new Promise<void>((done) => {
    const stdio = ['ignore', 'ignore', 'inherit'] as const
    const child = spawn(command, [...first, ...words], { cwd, env, stdio: [...stdio], signal, windowsHide: true })
    // An abort is an error to Node as well, and the exit comes after it.
    child.once('error', () => child.pid === undefined && done())
    child.once('exit', () => done())
  })
}
