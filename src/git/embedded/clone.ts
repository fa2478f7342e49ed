import { initBare, nameBranch } from './init.js'
import { openEmbedded, openParts, withoutLocal } from './open.js'
import { readRemoteHead } from './push.js'
import { withoutPassword } from './remote-url.js'

/** Bare clones without git, over https with PROMPTCTL_GIT_TOKEN. What the address holds of a password is not kept. */
export function createEmbeddedCloner(inherited: NodeJS.ProcessEnv) {
  const env = withoutLocal(inherited)
  return {
    async cloneBare(address: string, dir: string): Promise<void> {
      const url = withoutPassword(address)
      initBare(dir, { branch: 'main', url })
      const branch = (await readRemoteHead(openParts(dir, env), 'origin')) ?? 'main'
      if (branch !== 'main') nameBranch(dir, branch)
      const repository = await openEmbedded(dir, env)
      try {
        const tip = await repository.fetch('origin', branch)
        if (tip !== undefined) await repository.advance(undefined, tip, 'clone', branch)
      } finally {
        await repository.close()
      }
    },
    readUrl: async (dir: string): Promise<string | undefined> => openParts(dir, env).config().get('remote.origin.url'),
  }
}
