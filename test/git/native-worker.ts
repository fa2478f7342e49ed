import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { withLock } from '../../src/git/lock.js'
import { openNative } from '../../src/git/native/open.js'
import { recover } from '../../src/git/recover.js'

/** Run as a process by recover.test.ts: `<dir> <count> <path>` commits new text to a path, and prints each commit. */
const [dir = '', count = '1', path = ''] = process.argv.slice(2)
const repository = await openNative(dir, { env: process.env })

for (let n = 0; n < Number(count); n += 1) {
  const commit = await withLock(join(repository.commonDir, 'promptctl/root'), async () => {
    await recover(repository)
    const { commit: expected } = await repository.head()
    const files = [{ path, content: randomBytes(8).toString('hex') }].map((file) => ({
      path: file.path,
      content: Buffer.from(file.content),
    }))
    return (await repository.commit({ files, message: `publish ${n}`, expected, verify: true })).commit
  })
  process.stdout.write(`${commit}\n`)
}
await repository.close()
