import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { ROOT } from '../surroundings.mjs'

/** What one strict compile costs in a process that runs already. */

let measured

/** Bundles the compiler as the library has it, and measures it against the others in one process of its own. */
async function measureAll(context) {
  const folder = context.surroundings.scratch('core')
  const input = {
    compile: 'src/core/compile.ts',
    'prompt-reader': 'src/core/prompt-reader.ts',
    delivered: 'src/core/delivered.ts',
    bundle: 'src/core/bundle.ts',
    'bundle-registry': 'src/library/bundle-registry.ts',
  }
  const bundle = await rolldown({ input, cwd: ROOT, platform: 'node' })
  await bundle.write({ dir: folder, format: 'esm', entryFileNames: '[name].js' })
  await bundle.close()
  const words = [join(context.bench, 'peers/in-process.mjs'), folder, String(context.samples.light)]
  return JSON.parse(execFileSync(context.node, words, { encoding: 'utf8', env: context.env }))
}

const against =
  (engine, ours = 'promptctl') =>
  async (context) => {
    measured ??= measureAll(context)
    const times = await measured
    return { figure: times[ours], peer: times[engine] }
  }

export const IN_PROCESS = [
  {
    name: 'one strict compile in process (nunjucks)',
    peer: 'nunjucks, precompiled',
    target: 1,
    unit: 'µs',
    measure: against('nunjucks'),
  },
  {
    name: 'one strict compile in process (mustache)',
    peer: 'mustache.render',
    target: 0.2,
    unit: 'µs',
    measure: against('mustache'),
  },
  {
    name: 'one compile in the library, from a bundle (nunjucks)',
    peer: 'nunjucks, precompiled',
    target: 1,
    unit: 'µs',
    measure: against('nunjucks', 'bundle'),
  },
]
