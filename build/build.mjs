// Builds dist/ from src/. Usage: build.mjs [--if-stale | --generate]
//   --if-stale   does nothing when dist/ was made of the same files
//   --generate   makes src/generated/ alone, which tsc and the tests need
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleCli, bundleLibrary } from './bundle.mjs'
import { makeCodeCache } from './code-cache.mjs'
import { digestInputs } from './inputs.mjs'
import { formatLicenses } from './licenses.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const stamp = 'inputs.sha256'

const run = (script, ...words) =>
  execFileSync(process.execPath, [join(root, script), ...words], { cwd: root, stdio: 'inherit' })

const isFresh = () => existsSync(join(dist, stamp)) && readFileSync(join(dist, stamp), 'utf8') === digestInputs(root)

/** Puts the new folder where the old one was, in two renames: a promptctl that starts meanwhile finds one of them. */
const replaceDist = (made, scratch) => {
  if (existsSync(dist)) renameSync(dist, join(scratch, 'old'))
  renameSync(made, dist)
}

const build = async () => {
  const inputs = digestInputs(root)
  const scratchParent = join(root, 'node_modules/.cache')
  mkdirSync(scratchParent, { recursive: true })
  const scratch = mkdtempSync(join(scratchParent, 'promptctl-'))
  try {
    const made = join(scratch, 'new')
    const chunks = [...(await bundleCli(root, join(made, 'cli'))), ...(await bundleLibrary(root, made))]
    run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', join(made, 'types'))
    writeFileSync(join(made, 'THIRD-PARTY-LICENSES.txt'), formatLicenses(chunks.flatMap((chunk) => chunk.moduleIds)))
    replaceDist(made, scratch)
    // In its final place: the caches hold the chunks' file names, which stack traces show.
    makeCodeCache(join(dist, 'cli'))
    writeFileSync(join(dist, stamp), inputs)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

const [mode] = process.argv.slice(2)
if (mode !== '--if-stale' || !isFresh()) {
  if (existsSync(join(root, 'build/validators.mjs'))) run('build/validators.mjs')
  if (mode !== '--generate') await build()
}
