// Builds dist/ from src/. Usage: build.mjs [--if-stale | --generate]
//   --if-stale   does nothing when dist/ was made of the same files
//   --generate   makes src/generated/ alone, which tsc and the tests need
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleCli, bundleLibrary } from './bundle.mjs'
import { makeCodeCache } from './code-cache.mjs'
import { writeDeclarations } from './declarations.mjs'
import { digestInputs } from './inputs.mjs'
import { formatLicenses } from './licenses.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const stamp = 'inputs.sha256'

const generate = () => execFileSync(process.execPath, [join(root, 'build/validators.mjs')], { stdio: 'inherit' })

const isFresh = () => existsSync(join(dist, stamp)) && readFileSync(join(dist, stamp), 'utf8') === digestInputs(root)

/** Puts the new folder where the old one is, in two renames: a promptctl that starts meanwhile finds one of them. */
const replaceDist = (made, scratch, attempt = 1) => {
  try {
    if (existsSync(dist)) renameSync(dist, join(scratch, `old-${attempt}`))
    renameSync(made, dist)
  } catch (error) {
    // Another build was between our two steps, or we between its.
    if (attempt === 5 || !['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error
    replaceDist(made, scratch, attempt + 1)
  }
}

const build = async () => {
  const inputs = digestInputs(root)
  const scratchParent = join(root, 'node_modules/.cache')
  mkdirSync(scratchParent, { recursive: true })
  const scratch = mkdtempSync(join(scratchParent, 'promptctl-'))
  try {
    const made = join(scratch, 'new')
    const chunks = [...(await bundleCli(root, join(made, 'cli'))), ...(await bundleLibrary(root, made))]
    writeDeclarations(root, join(made, 'types'))
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
  generate()
  if (mode !== '--generate') await build()
}
