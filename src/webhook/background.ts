import { spawn } from 'node:child_process'

export interface BackgroundOptions {
  /** The command line that starts promptctl again; undefined where there is none, as in a library. */
  readonly program: readonly string[] | undefined
  /** The folder in the git directory that holds every registry's. */
  readonly root: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Starts a process that delivers what is pending in every registry of the repository. It is the leader of a session of
 * its own and holds none of our streams, so no terminal, and no `git push` over ssh, waits for it. False where there is
 * no program to start.
 */
export function startBackground({ program, root, env }: BackgroundOptions): boolean {
  const [command, ...words] = program ?? []
  if (command === undefined) return false
  const child = spawn(command, [...words, 'webhook', 'deliver', '--background', root], {
    cwd: root,
    detached: true,
    stdio: 'ignore',
    // It needs no git; what a hook was told about its repository is nobody else's business.
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_'))),
    windowsHide: true,
  })
  // What it would have delivered is in the outbox, and goes with the next push.
  child.once('error', () => child.unref())
  child.unref()
  return child.pid !== undefined
}
