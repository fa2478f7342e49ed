// Times compiling one prompt again and again in this process, against mustache and nunjucks on the same template and
// values, in turns. Usage: in-process.mjs <folder with the bundled core> <rounds>. Prints JSON: microseconds a compile,
// a list for each engine.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import mustache from 'mustache'
import nunjucks from 'nunjucks'

const [folder, rounds] = process.argv.slice(2)
const core = (name) => import(pathToFileURL(join(folder, `${name}.js`)).href)
const [
  { preparePrompt },
  { parsePrompt },
  { createDelivered },
  { formatBundle, sealBundle },
  { createBundleRegistry },
] = await Promise.all(['compile', 'prompt-reader', 'delivered', 'bundle', 'bundle-registry'].map(core))

const RULES = Array.from(
  { length: 24 },
  (_, line) => `- Rule ${line}: name the facts, and say when one is unknown, in their order.`,
)
const LINES = [
  'You write for {{audience}} in {{language}}, in a {{tone}} tone.',
  'The product is {{product}}. Use at most {{limit}} words.',
  ...RULES,
  'The text follows.',
  '{{input}}',
]
const TEMPLATE = `${LINES.join('\n')}\n`
const VALUES = {
  audience: 'engineers',
  language: 'English',
  tone: 'neutral',
  product: 'Example Cloud',
  limit: 120,
  input: 'It broke again on Monday.',
}

const declared = Object.entries(VALUES).map(([name, value]) => `  ${name}:\n    type: ${typeof value}\n`)
const FILE = `id: 3f8a2b1c-4e9d-4c6b-9a51-0d2f6c1b7e88
slug: bench-3f8a2b1c
title: Bench
environment: development
state: draft
variables:
${declared.join('')}template: |
${TEMPLATE.replace(/^(?=.)/gm, '  ')}`

const { prompt, seal } = parsePrompt(FILE, 'bench.yaml')
const prepared = preparePrompt({ prompt, file: 'bench.yaml' }, () => undefined)
const OID = '0'.repeat(40)
const delivered = createDelivered({ prompt, digest: seal, blob: OID, origin: undefined }, new Map())
const bundle = formatBundle(sealBundle({ environment: prompt.environment, commit: OID, prompts: [delivered] }))
const file = { path: 'bundle.json', read: () => Buffer.from(bundle), hasChanged: () => false }
const bundled = await createBundleRegistry(file, undefined).get(prompt.slug)

const environment = new nunjucks.Environment(null, { autoescape: false })
const precompiled = nunjucks.compile(TEMPLATE, environment)
const options = { escape: String }

const ENGINES = {
  promptctl: () => prepared.compile(VALUES, { strict: true }),
  bundle: () => bundled.compile(VALUES),
  mustache: () => mustache.render(TEMPLATE, VALUES, undefined, options),
  nunjucks: () => precompiled.render(VALUES),
}

const texts = new Set(Object.values(ENGINES).map((compile) => compile()))
// nunjucks drops the last line end unless it is told otherwise.
if (new Set([...texts].map((text) => text.trimEnd())).size !== 1) throw new Error('the engines do not agree')

const COMPILES = 20_000
let kept = 0
const microseconds = (compile) => {
  const start = process.hrtime.bigint()
  for (let count = 0; count < COMPILES; count++) kept += compile().length
  return Number(process.hrtime.bigint() - start) / 1e3 / COMPILES
}

const times = Object.fromEntries(Object.keys(ENGINES).map((name) => [name, []]))
for (let round = 0; round <= Number(rounds); round++) {
  for (const [name, compile] of Object.entries(ENGINES)) {
    const time = microseconds(compile)
    if (round > 0) times[name].push(time)
  }
}
process.stdout.write(JSON.stringify({ ...times, kept }))
