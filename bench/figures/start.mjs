import { inTurns, memoryOf, timeOf } from '../measure.mjs'
import { typicalPrompt } from '../repository.mjs'

/** What a command costs over a bare start of Node. */

export const compileCommand = ({ promptctl }, { slug, values }) =>
  promptctl('compile', slug, ...values.flatMap((value) => ['--var', value]))

const compare = (context, { cwd, commands, samples = context.samples.light, measure = timeOf }) => {
  const figure = { commands, cwd, env: context.env }
  return inTurns(
    () => measure(figure),
    () => measure({ ...figure, commands: [context.bare] }),
    samples,
  )
}

const alone = (name, target, words) => ({
  name,
  peer: 'node -e 0',
  target,
  measure: (context) => compare(context, { cwd: context.surroundings.home, commands: [context.promptctl(...words)] }),
})

const compileIn = (size) => async (context) => {
  const repository = await context.repository(size)
  return compare(context, { cwd: repository.dir, commands: [compileCommand(context, typicalPrompt(repository))] })
}

const memoryIn = (choose) => async (context) => {
  const repository = await context.warm('large')
  const commands = [choose(context, typicalPrompt(repository))]
  return compare(context, { cwd: repository.dir, commands, measure: memoryOf, samples: context.samples.heavy })
}

export const START = [
  alone('version', 1.35, ['--version']),
  alone('help', 1.35, ['--help']),
  { name: 'compile <slug>', peer: 'node -e 0', target: 1.35, measure: compileIn('small') },
  { name: 'compile <slug>, large', needs: 'large', peer: 'node -e 0', target: 1.35, measure: compileIn('large') },
  {
    name: 'memory of log, large',
    needs: 'large',
    peer: 'node -e 0',
    target: 2,
    unit: 'MiB',
    measure: memoryIn(({ promptctl }, { slug }) => promptctl('log', slug)),
  },
  {
    name: 'memory of compile, large',
    needs: 'large',
    peer: 'node -e 0',
    target: 2,
    unit: 'MiB',
    measure: memoryIn(compileCommand),
  },
]
