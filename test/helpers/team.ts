import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRegistry, type Made, type TestRegistry, tempDir } from './registry.js'
import { configureIdentity } from './repo.js'

/** A registry, the bare repository that it pushes to, and as many clones as a test wants. */
export interface Team {
  readonly ada: TestRegistry
  readonly origin: string
  clone(): TestRegistry
  /** What the remote's branch is at. */
  tip(): string
}

/** A team whose registry is `config`, or the usual one. */
export function createTeam(config?: string): Team {
  const ada = createRegistry(config === undefined ? {} : { config })
  const origin = join(tempDir(), 'origin.git')
  ada.repo.git('clone', '-q', '--bare', ada.dir, origin)
  ada.repo.git('remote', 'add', 'origin', origin)
  ada.repo.git('fetch', '-q', 'origin')
  ada.repo.git('branch', '-q', '--set-upstream-to=origin/main')
  return {
    ada,
    origin,
    clone: () => {
      const dir = join(tempDir(), 'clone')
      execFileSync('git', ['clone', '-q', origin, dir], { env: ada.repo.env })
      configureIdentity(dir, ada.repo.env)
      return createRegistry({ existing: dir })
    },
    tip: () => ada.repo.git('--git-dir', origin, 'rev-parse', 'refs/heads/main'),
  }
}

/** Changes the greeting of a prompt in development, and publishes it. */
export const publishEdit = async (
  registry: TestRegistry,
  slug: string,
  text: string,
  ...flags: string[]
): Promise<Made> => {
  registry.edit(slug, /Hello|Hi|Dear/.exec(registry.repo.read(registry.file(slug)))?.[0] ?? '', text)
  return registry.json<Made>('publish', slug, ...flags)
}

/** A hook in the bare repository; `script` is the body of a shell script. */
export function remoteHook(origin: string, name: string, script: string): void {
  mkdirSync(join(origin, 'hooks'), { recursive: true })
  writeFileSync(join(origin, 'hooks', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}
