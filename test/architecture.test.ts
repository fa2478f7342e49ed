import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'rolldown/parseAst'
import { describe, expect, it } from 'vitest'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

/** What each layer imports, beside itself, what is generated from schemas/, and JSON files. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  registry: ['core'],
  server: ['core', 'registry'],
  commands: ['core', 'registry', 'server'],
  git: ['core', 'type registry'],
  // Threads, and what they do.
  parallel: ['core', 'type registry'],
  webhook: ['core', 'type registry'],
  evaluation: ['core', 'type registry'],
  cli: ['core', 'registry', 'server', 'commands', 'git', 'webhook', 'evaluation', 'open.ts'],
  // Joins the use cases with what implements their ports.
  'open.ts': ['core', 'registry', 'git', 'parallel', 'webhook', 'evaluation'],
  // What programs import: the use cases behind an interface of their own.
  library: ['core', 'registry', 'open.ts'],
  'index.ts': ['core', 'registry', 'library', 'webhook'],
  generated: [],
}

/** Where each effect on the world, and each library that has one home, may stand: files, or folders that end in `/`. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  // A lock of ours and a file that is being written name the process that made them; a lock is waited for in real time.
  // The embedded engine dates its commits, as git does.
  process: [
    'cli/runtime.ts',
    'library/open-registry.ts',
    'git/lock.ts',
    'git/process-identity.ts',
    'git/native/discover.ts',
    'git/embedded/disk.ts',
    'git/cache.ts',
    // Ends the process group of a provider that hangs.
    'evaluation/providers/exec.ts',
  ],
  clock: [
    'cli/runtime.ts',
    'library/open-registry.ts',
    'git/lock.ts',
    'git/lock-file.ts',
    'git/git-lock.ts',
    'git/embedded/store.ts',
    'git/embedded/write.ts',
    'webhook/signature.ts',
    // How long a provider takes is measured in real time.
    'evaluation/',
  ],
  timers: [
    'cli/',
    'git/',
    'parallel/',
    'server/',
    'webhook/',
    'evaluation/',
    'library/repeat.ts',
    // A long read lets other work through.
    'registry/delivery/read-rows.ts',
  ],
  // New ids and secrets, names of temporary files, and pauses that differ.
  randomness: [
    'cli/output-file.ts',
    'commands/token.ts',
    'commands/webhook.ts',
    'registry/create.ts',
    'git/',
    'webhook/',
    'evaluation/providers/',
  ],
  console: ['cli/runtime.ts'],
  disk: [
    'git/',
    'parallel/pool.ts',
    'open.ts',
    'cli/runtime.ts',
    'cli/editor.ts',
    'cli/output.ts',
    'cli/output-file.ts',
    'library/bundle-file.ts',
    'webhook/durable-files.ts',
  ],
  'child process': ['git/', 'parallel/', 'cli/editor.ts', 'evaluation/providers/', 'webhook/background.ts'],
  network: [
    'git/',
    'library/remote-client.ts',
    'webhook/deliver.ts',
    'evaluation/providers/',
    'server/listen.ts',
    'server/client-error.ts',
  ],
  'other parts of Node': ['git/', 'parallel/', 'cli/', 'server/', 'webhook/', 'evaluation/'],
  commander: ['cli/', 'commands/'],
  chalk: ['cli/'],
  'isomorphic-git': ['git/'],
  undici: ['webhook/deliver.ts'],
  fastify: ['server/'],
  '@fastify/swagger': ['server/'],
  'prom-client': ['server/'],
  mustache: ['core/template.ts'],
  yaml: ['core/'],
  diff: ['core/'],
  'csv-parse': ['core/import/csv.ts'],
  transliteration: ['core/slug-title.ts'],
  re2js: ['evaluation/assertions/'],
  // A package that this table does not know, and what is imported by a name that is made at run time.
  'an unknown package': [],
}

const MODULES: Readonly<Record<string, readonly string[]>> = {
  process: ['node:process'],
  disk: ['node:fs', 'node:fs/promises'],
  'child process': ['node:child_process', 'node:worker_threads', 'node:cluster'],
  network: [
    'node:http',
    'node:https',
    'node:http2',
    'node:net',
    'node:tls',
    'node:dns',
    'node:dns/promises',
    'node:dgram',
  ],
}
const PURE_MODULES = [
  'node:buffer',
  'node:crypto',
  'node:zlib',
  'node:path',
  'node:path/posix',
  'node:url',
  'node:util',
]
const GLOBALS: Readonly<Record<string, string>> = {
  process: 'process',
  console: 'console',
  fetch: 'network',
  WebSocket: 'network',
  performance: 'clock',
  setTimeout: 'timers',
  setInterval: 'timers',
  setImmediate: 'timers',
  randomUUID: 'randomness',
  randomBytes: 'randomness',
}
/** Uses of a member that are an effect, as `object.member`. */
const MEMBERS: Readonly<Record<string, string>> = {
  'Date.now': 'clock',
  'Math.random': 'randomness',
  'crypto.randomUUID': 'randomness',
  'crypto.getRandomValues': 'randomness',
}

interface Import {
  readonly from: string
  readonly isType: boolean
}

interface Scan {
  readonly imports: readonly Import[]
  /** Keys of HOMES. */
  readonly effects: ReadonlySet<string>
}

type Node = { readonly type: string } & Readonly<Record<string, unknown>>
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value
const isNamed = (value: unknown, name: string): boolean =>
  isNode(value) && value.type === 'Identifier' && value.name === name
const textOf = (value: unknown): string => (isNode(value) && typeof value.value === 'string' ? value.value : '')

/** True for the name in `x.process`, `{process: 1}` and the like, which is no use of the global. */
const isMerelyNamed = (node: Node, parent: Node): boolean =>
  parent.computed !== true && (parent.property === node || (parent.key === node && parent.shorthand !== true))

const parametersOf = ({ params }: Node): readonly string[] =>
  Array.isArray(params) ? params.filter((param) => param.type === 'Identifier').map((param) => param.name) : []

/** Each node with its parent and the parameters that are in sight: a parameter `process` is not the global. */
function* walk(
  node: Node,
  parent = node,
  outer: readonly string[] = [],
): Generator<readonly [Node, Node, readonly string[]]> {
  const parameters = [...outer, ...parametersOf(node)]
  yield [node, parent, parameters]
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* walk(child, node, parameters)
  }
}

function importOf(node: Node): Import | undefined {
  if (node.type === 'TSImportType') return { from: textOf(node.source ?? node.argument), isType: true }
  if (!/^(Import|Export(Named|All))(Declaration|Expression)$/.test(node.type) || !isNode(node.source)) return undefined
  const specifiers = Array.isArray(node.specifiers) ? node.specifiers : []
  const isType = (part: Node): boolean => (part.importKind ?? part.exportKind) === 'type'
  return { from: textOf(node.source), isType: isType(node) || (specifiers.length > 0 && specifiers.every(isType)) }
}

function effectOfImport({ from, isType }: Import): string | undefined {
  if (isType || from.startsWith('.')) return undefined
  const named = Object.keys(MODULES).find((effect) => MODULES[effect]?.includes(from))
  if (named !== undefined) return named
  if (from.startsWith('node:')) return PURE_MODULES.includes(from) ? undefined : 'other parts of Node'
  return (
    Object.keys(HOMES).find((library) => from === library || from.startsWith(`${library}/`)) ?? 'an unknown package'
  )
}

const nameOf = (value: unknown): string => (isNode(value) && value.type === 'Identifier' ? String(value.name) : '')

/** The keys in `const { now, random } = …`. */
const keysOf = (pattern: unknown): readonly string[] =>
  isNode(pattern) && pattern.type === 'ObjectPattern' && Array.isArray(pattern.properties)
    ? pattern.properties.map((property) => nameOf(property.key))
    : []

/** What is reached through an object: `Date.now`, `globalThis.process`, `const { now } = Date`. */
function effectOfMembers(object: unknown, keys: readonly string[]): string | undefined {
  const owner = nameOf(object)
  const known = owner === 'globalThis' || owner === 'global' ? GLOBALS : MEMBERS
  const names = keys.map((key) => (known === GLOBALS ? key : `${owner}.${key}`))
  const found = names.find((name) => Object.hasOwn(known, name))
  return found === undefined ? undefined : known[found]
}

function effectOfUse(node: Node, parent: Node, parameters: readonly string[]): string | undefined {
  if (node.type === 'CallExpression' && isNamed(node.callee, 'Date')) return 'clock'
  if (node.type === 'NewExpression' && isNamed(node.callee, 'Date')) {
    return Array.isArray(node.arguments) && node.arguments.length === 0 ? 'clock' : undefined
  }
  if (node.type === 'MemberExpression') return effectOfMembers(node.object, [nameOf(node.property)])
  if (node.type === 'VariableDeclarator') return effectOfMembers(node.init, keysOf(node.id))
  if (node.type !== 'Identifier' || parent.type === 'TSTypeQuery' || isMerelyNamed(node, parent)) return undefined
  const name = String(node.name)
  return Object.hasOwn(GLOBALS, name) && !parameters.includes(name) ? GLOBALS[name] : undefined
}

function scan(text: string): Scan {
  const program: unknown = parseAst(text, { lang: 'ts' })
  if (!isNode(program)) throw new Error('the parser gave no program')
  const nodes = [...walk(program)]
  const imports = nodes.map(([node]) => importOf(node)).filter((found) => found !== undefined)
  const effects = [...imports.map(effectOfImport), ...nodes.map((place) => effectOfUse(...place))]
  return { imports, effects: new Set(effects.filter((effect) => effect !== undefined)) }
}

/** The two engines know nothing of each other. */
const isOtherEngine = (path: string, target: string): boolean =>
  (path.startsWith('git/native/') && target.startsWith('git/embedded/')) ||
  (path.startsWith('git/embedded/') && target.startsWith('git/native/'))

const layerOf = (path: string): string => path.split('/', 1)[0] ?? ''

/** `core/x.ts imports ../git/y.js`, for each import that the table does not allow. */
const strayImports = (path: string, { imports }: Scan): readonly string[] =>
  imports
    .filter(({ from, isType }) => {
      if (!from.startsWith('.') || from.endsWith('.json')) return false
      if (isOtherEngine(path, join(dirname(path), from))) return true
      const [layer, target] = [layerOf(path), layerOf(join(dirname(path), from).replace(/\.js$/, '.ts'))]
      const allowed = [layer, 'generated', ...(LAYERS[layer] ?? [])]
      return !allowed.includes(target) && !(isType && allowed.includes(`type ${target}`))
    })
    .map(({ from }) => `${path} imports ${from}`)

const isAtHome = (path: string, effect: string): boolean =>
  HOMES[effect]?.some((home) => (home.endsWith('/') ? path.startsWith(home) : path === home)) ?? false

const strayEffects = (path: string, { effects }: Scan): readonly string[] =>
  [...effects].filter((effect) => !isAtHome(path, effect)).map((effect) => `${path} uses ${effect}`)

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !path.startsWith('generated/'))
const scans = files.map((path) => [path, scan(readFileSync(join(SRC, path), 'utf8'))] as const)

describe('the layers', () => {
  it('has no folder that the table does not know', () => {
    expect([...new Set(files.map(layerOf))].filter((layer) => !Object.hasOwn(LAYERS, layer))).toEqual([])
  })

  it('imports point one way', () => {
    expect(scans.flatMap(([path, found]) => strayImports(path, found))).toEqual([])
  })

  it('effects stay in their homes', () => {
    expect(scans.flatMap(([path, found]) => strayEffects(path, found))).toEqual([])
  })
})

describe('the guard itself', () => {
  it.each([
    ['core/x.ts', "import { a } from '../git/a.js'"],
    ['core/x.ts', "import type { A } from '../registry/ports.js'"],
    ['core/x.ts', "export * from '../registry/a.js'"],
    ['git/x.ts', "import { type A, b } from '../registry/ports.js'"],
    ['git/native/x.ts', "export { a } from '../../registry/ports.js'"],
    ['commands/x.ts', "const a = async () => import('../cli/a.js')"],
    ['commands/x.ts', "let a: import('../git/a.js').A"],
    ['registry/x.ts', "import { a } from '../../test/a.js'"],
    ['git/native/x.ts', "import { a } from '../embedded/a.js'"],
    ['git/embedded/x.ts', "import type { A } from '../native/a.js'"],
  ])('%s may not say %s', (path, text) => {
    expect(strayImports(path, scan(text))).toHaveLength(1)
  })

  it.each([
    ['process', 'const a = { ...process.env }'],
    ['process', 'const a = (process: unknown) => process; process.exit()'],
    ['process', 'const a = globalThis.x ? { process } : 0'],
    ['console', 'console.log(1)'],
    ['clock', 'const a = new Date()'],
    ['clock', 'const a = Date.now()'],
    ['clock', 'const now = Date.now'],
    ['clock', 'const now = Date()'],
    ['clock', 'const { now } = Date'],
    ['clock', 'const a = performance.now()'],
    ['process', 'globalThis.process.exit()'],
    ['network', "globalThis.fetch('https://example.com')"],
    ['timers', 'setTimeout(() => {}, 1)'],
    ['randomness', 'const a = Math.random()'],
    ['randomness', "import { randomUUID } from 'node:crypto'; const a = randomUUID()"],
    ['an unknown package', "import { Ajv } from 'ajv'"],
    ['an unknown package', 'const a = (name: string) => import(name)'],
    ['disk', "import { readFileSync } from 'node:fs'"],
    ['disk', "const a = () => import('node:fs/promises')"],
    ['child process', "import { spawn } from 'node:child_process'"],
    ['network', "fetch('https://example.com')"],
    ['network', "import { connect } from 'node:net'"],
    ['other parts of Node', "import { homedir } from 'node:os'"],
    ['isomorphic-git', "import git from 'isomorphic-git/http/node'"],
  ])('core may not use %s: %s', (effect, text) => {
    expect(strayEffects('core/x.ts', scan(text))).toEqual([`core/x.ts uses ${effect}`])
  })

  it.each([
    ['git/x.ts', "import type { A } from '../registry/ports.js'"],
    ['git/x.ts', "import { type A } from '../registry/ports.js'"],
    ['core/deep/x.ts', "import { b } from '../b.js'"],
    ['core/x.ts', "import { check } from '../generated/validators.js'"],
    ['cli/x.ts', 'export function a(process: NodeJS.Process) { return () => process.exit() }'],
    ['core/x.ts', "const a = { process: 1, console: 2 }; a.process; new Date(0); Date.parse('')"],
    ['core/x.ts', "import type { Stats } from 'node:fs'; import { createHash } from 'node:crypto'"],
  ])('%s may say %s', (path, text) => {
    const found = scan(text)
    expect([...strayImports(path, found), ...strayEffects(path, found)]).toEqual([])
  })
})
