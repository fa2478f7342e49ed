import { RolldownMagicString } from 'rolldown'
import { parseAst } from 'rolldown/parseAst'

/** Parts of Node that take 1 to 9 ms to load, and that most commands never touch. */
const HEAVY = [
  'child_process|crypto|dgram|dns|dns/promises|fs/promises|http|https|http2|net|os|perf_hooks|readline|readline/promises',
  'stream|stream/promises|tls|tty|v8|worker_threads|zlib',
].join('|')

const LAZY = `const lazy = (id) => {
  let loaded
  return { get it() { return (loaded ??= require(id)) } }
}
`

/** The `name` of each `const name = require("./chunk.cjs")` (or of a heavy part of Node) at the top of a chunk. */
const lateRequires = (program) => {
  const found = program.body.flatMap((statement) =>
    statement.type === 'VariableDeclaration' ? statement.declarations : [],
  )
  const isLate = new RegExp(`^(\\./.*|node:(${HEAVY}))$`)
  const calls = found.filter(({ init }) => init?.type === 'CallExpression' && init.callee.name === 'require')
  return calls.filter(({ init }) => isLate.test(init.arguments[0]?.value))
}

/** Every identifier below `node` but property names, as {node, parent}. */
function* identifiersBelow(node, parent) {
  if (node.type === 'Identifier') yield { node, parent }
  for (const [key, value] of Object.entries(node)) {
    const isName = (key === 'property' || key === 'key') && !node.computed
    if (isName || typeof value !== 'object' || value === null) continue
    for (const child of Array.isArray(value) ? value : [value]) if (child?.type) yield* identifiersBelow(child, node)
  }
}

/**
 * Loads a chunk, or a heavy part of Node, when something in it is first used, and not with the chunk that imports it:
 * `const require_slug = require("./slug.cjs")` becomes `const require_slug = lazy("./slug.cjs")`, and each use of it
 * `require_slug.it`. Right for modules that only declare, as ours do. The bundler gives each import a name of its own.
 */
export const lazyRequires = {
  name: 'lazy-requires',
  renderChunk(code) {
    const program = parseAst(code)
    const names = new Map(lateRequires(program).map((declarator) => [declarator.id.name, declarator]))
    const uses = [...identifiersBelow(program)].filter(({ node }) => names.has(node.name))
    // A default import is assigned anew, `node_http = __toESM(node_http)`, and so used at once: it stays.
    for (const { node, parent } of uses)
      if (parent.type === 'AssignmentExpression' && parent.left === node) names.delete(node.name)
    if (names.size === 0) return null
    const text = new RolldownMagicString(code)
    for (const { node, parent } of uses)
      if (names.has(node.name) && parent.id !== node) text.appendLeft(node.end, '.it')
    for (const { init } of names.values()) text.update(init.callee.start, init.callee.end, 'lazy')
    return { code: text.prepend(LAZY).toString() }
  },
}
