import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Makes dist/ fit the sources before the tests of the binary start; takes some ms when it does. */
export function setup(): void {
  const build = fileURLToPath(new URL('../build/build.mjs', import.meta.url))
  execFileSync(process.execPath, [build, '--if-stale'], { stdio: 'inherit' })
}
