import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Makes src/generated/ fit the schemas before the tests start, when it does not. */
export function setup(): void {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const generator = join(root, 'build/validators.mjs')
  const made = join(root, 'src/generated/validators.js')
  const inputs = [generator, ...readdirSync(join(root, 'schemas')).map((file) => join(root, 'schemas', file))]
  const isStale = !existsSync(made) || inputs.some((file) => statSync(file).mtimeMs > statSync(made).mtimeMs)
  if (isStale) execFileSync(process.execPath, [generator], { stdio: 'inherit' })
}
