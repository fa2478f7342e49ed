import { openScratch, type Scratch } from '../journal.js'
import type { Native } from './native.js'

/** Runs `action` with a scratch directory, which stays for recovery when putting the files back failed. */
export async function withScratch<T>({ location }: Native, action: (scratch: Scratch) => Promise<T>): Promise<T> {
  const scratch = await openScratch(location.gitDir)
  try {
    return await action(scratch)
  } finally {
    await scratch.remove()
  }
}
