import { setTimeout as sleep } from 'node:timers/promises'
import { isPromptctlError } from '../../src/core/errors.js'
import { openEmbedded } from '../../src/git/embedded/open.js'
import { withLock } from '../../src/git/lock.js'
import { recover } from '../../src/git/recover.js'

/**
 * Run as a process by embedded-processes.test.ts: `<dir> <name> <count> [unlocked]`. Commits `<name>-<i>.yaml` that many
 * times on whatever HEAD is, and prints each commit's id when it stands.
 */
const [dir = '', name = '', count = '0', mode] = process.argv.slice(2)
const repository = await openEmbedded(dir, process.env)

async function commitOne(index: number): Promise<string> {
  await recover(repository)
  const { commit: expected } = await repository.head()
  const files = [0, 1].map((n) => ({
    path: `prompts/${name}-${index}-${n}.yaml`,
    content: Buffer.from(`${name} ${index} ${n}\n`.repeat(50)),
  }))
  const { commit } = await repository.commit({ files, message: `publish: ${name}-${index}`, expected, verify: true })
  return commit
}

/** A plan that was made on an older tip is made again. */
async function commitWithRetry(index: number): Promise<string> {
  for (;;) {
    try {
      return await commitOne(index)
    } catch (error) {
      if (!isPromptctlError(error, 'conflict')) throw error
      await sleep(Math.random() * 20)
    }
  }
}

for (let index = 0; index < Number(count); index += 1) {
  const locked =
    mode === 'unlocked'
      ? commitWithRetry(index)
      : withLock(`${repository.commonDir}/promptctl`, () => commitWithRetry(index))
  process.stdout.write(`${await locked}\n`)
}
