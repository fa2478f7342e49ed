import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** The bugs that `npm run test:planted` plants, to show that the suite catches them. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FOLDER = join(ROOT, 'test/faults/planted')
const patches = readdirSync(FOLDER).filter((name) => name.endsWith('.patch'))

describe('planted bugs', () => {
  it('are these', () => {
    expect(patches.sort()).toEqual([
      'live-from-draft.patch',
      'no-compare-and-swap.patch',
      'no-lock.patch',
      'numbers-by-date.patch',
      'outbox-after-attempt.patch',
    ])
  })

  it.each(patches)('%s still applies, and names the part that catches it', (name) => {
    const patch = join(FOLDER, name)
    const part = /^Caught-by: (\w+)$/m.exec(readFileSync(patch, 'utf8'))?.[1]
    expect(existsSync(join(ROOT, `test/faults/${part}.test.ts`))).toBe(true)
    execFileSync('git', ['apply', '--check', patch], { cwd: ROOT, stdio: 'pipe' })
  })
})
