import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const SPECIFIER = /\b(?:from|import)\s*\(?\s*(['"])([^'"]+)\1/g

const importsOf = (file) => [...readFileSync(file, 'utf8').matchAll(SPECIFIER)].map(([, , specifier]) => specifier)

/** Adds to `reached` what `file` imports, and so on; throws for what a user of the package would not have. */
const reach = (file, reached) => {
  if (reached.has(file)) return reached
  reached.add(file)
  for (const specifier of importsOf(file).filter((found) => !found.startsWith('node:'))) {
    const target = join(dirname(file), specifier.replace(/\.js$/, '.d.ts'))
    if (!specifier.startsWith('.') || !existsSync(target)) {
      throw new Error(`the public API's types need what is not published: ${file} imports ${specifier}`)
    }
    reach(target, reached)
  }
  return reached
}

/**
 * Writes the declarations of the public API, and only those that it needs. They may lean on Node's types and on each
 * other: the libraries inside of the bundle are not installed with it.
 */
export function writeDeclarations(root, directory) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const words = [tsc, '-p', 'tsconfig.build.json', '--outDir', directory]
  execFileSync(process.execPath, words, { cwd: root, stdio: 'inherit' })
  const reached = reach(join(directory, 'index.d.ts'), new Set())
  const written = readdirSync(directory, { recursive: true }).filter((name) => name.endsWith('.d.ts'))
  for (const name of written) if (!reached.has(join(directory, name))) rmSync(join(directory, name))
}
