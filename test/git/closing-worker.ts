import { openNative } from '../../src/git/native/open.js'

/** Run as a process by closing.test.ts: `<dir> <blob>` closes while an answer is still on its way. */
const [dir = '', blob = ''] = process.argv.slice(2)
const repository = await openNative(dir, { env: process.env })
void repository.readBlobs([blob as never]).catch(() => undefined)
await repository.close()
process.stdout.write('closed\n')
