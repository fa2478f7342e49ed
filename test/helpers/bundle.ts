import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { rolldown } from 'rolldown'

/**
 * Bundles a TypeScript file, so that plain Node can run it as a process of its own. Returns the path of the program and
 * a function that removes it.
 */
export async function bundle(entry: string): Promise<{ program: string; remove(): void }> {
  const dir = mkdtempSync(join(tmpdir(), 'promptctl-bundle-'))
  const built = await rolldown({ input: resolve(entry), platform: 'node', logLevel: 'silent' })
  await built.write({ dir, format: 'esm', entryFileNames: 'program.mjs' })
  await built.close()
  return { program: join(dir, 'program.mjs'), remove: () => rmSync(dir, { recursive: true, force: true }) }
}
