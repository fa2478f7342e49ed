import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'
import { minifySync } from 'rolldown/experimental'
import { lazyRequires } from './lazy-requires.mjs'

const require = createRequire(import.meta.url)
const yaml = join(dirname(require.resolve('yaml/package.json')), 'browser/dist/index.js')

/**
 * Makes our libraries cheaper to start. yaml's entry for Node is some seventy CommonJS modules, each a wrapper at run time;
 * the one for browsers is the same code as ES modules (what differs is `!!binary`, which prompt files refuse).
 * A library that requires yaml gets the entry for Node, all the same: ES modules that somebody requires are wrapped, and set
 * up by every chunk that imports them.
 * commander loads node:child_process (4 ms) for subcommands that are programs of their own: we have none.
 * chalk asks node:tty (3 ms) for the terminal's colours: its level is always given to it.
 */
const slimLibraries = {
  name: 'slim-libraries',
  resolveId(id, _importer, { kind }) {
    if (id === 'yaml') return kind === 'require-call' ? null : yaml
    return id === '#supports-color' ? '\0no-terminal' : null
  },
  load: (id) => (id === '\0no-terminal' ? 'export default { stdout: false, stderr: false }' : null),
  transform(code, id) {
    if (!id.endsWith('/commander/lib/command.js')) return null
    const line = "const childProcess = require('node:child_process');"
    if (!code.includes(line))
      throw new Error('commander no longer loads node:child_process as it did: see build/bundle.mjs')
    return code.replace(line, 'const childProcess = undefined;')
  },
}

/** Libraries that only some commands need: each, with what it needs itself, is a chunk that loads when it is first called. */
const LIBRARIES = [
  'chalk',
  'csv-parse',
  'diff',
  'isomorphic-git',

  're2js',
  'transliteration',
  'undici',
  'yaml',
]
const folderOf = (name) => (name === 'yaml' ? 'yaml/browser' : name)
const libraryChunks = LIBRARIES.map((name) => ({
  name,
  test: new RegExp(`/node_modules/${folderOf(name)}/`),
  priority: 2,
}))

/** What shows strange characters: its regular expressions with Unicode classes take 1 ms to make. */
const unicodeChunk = { name: 'unicode', test: /\/src\/core\/unicode-text\.ts$/, priority: 3 }

/** What `compile` needs, and with it most commands, in one file: fifteen small ones take 3 ms more to open. */
const compileChunk = { name: 'compile', test: /\/src\/(open|registry\/compile)\.ts$/, priority: 1 }

/** What every command needs that asks git, or changes something. A code cache holds of it what its command calls. */
const gitChunk = {
  name: 'git',
  test: /\/src\/git\/(open|cache|lock|recover|other-branch|native\/open)\.ts$/,
  priority: 1,
}

/** Without spaces and line ends, half as much is to be read; names stay, for stack traces. */
const withoutSpaces = (fileName, code) =>
  minifySync(fileName, code, { compress: false, mangle: false, codegen: true }).code

/** The loader reads chunks as Latin-1, which V8 keeps at one byte a character. */
const escapeNonAscii = (code) =>
  code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Bundles the command line into CommonJS chunks; what is imported dynamically becomes a chunk of its own. */
export async function bundleCli(root, directory) {
  const bundle = await rolldown({
    input: { start: join(root, 'src/cli/start.ts'), worker: join(root, 'src/parallel/worker.ts') },
    cwd: root,
    platform: 'node',
    // A module that is imported both ways loads late all the same: see lazyRequires.
    checks: { ineffectiveDynamicImport: false },
    plugins: [slimLibraries, lazyRequires],
  })
  const { output } = await bundle.write({
    dir: directory,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    codeSplitting: { groups: [...libraryChunks, unicodeChunk, compileChunk, gitChunk] },
    comments: false,
  })
  for (const { fileName, code } of output) {
    if (/^require_\w+\.it\.init_/m.test(code)) throw new Error(`${fileName} sets up a library as soon as it is loaded`)
  }
  for (const { fileName, code } of output) {
    writeFileSync(join(directory, fileName), escapeNonAscii(withoutSpaces(fileName, code)))
  }
  return output
}

/** Bundles the library, `import … from 'promptctl'`, with what it needs of our libraries inside. */
export async function bundleLibrary(root, directory) {
  const bundle = await rolldown({
    input: { index: join(root, 'src/index.ts') },
    cwd: root,
    platform: 'node',
    checks: { ineffectiveDynamicImport: false },
    plugins: [slimLibraries],
  })
  const { output } = await bundle.write({
    dir: directory,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'library/[name]-[hash].js',
  })
  return output
}
