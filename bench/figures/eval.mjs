import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inTurns, run, timeOf } from '../measure.mjs'

/** What trying a prompt costs beside the models. */

const ECHO_CASES = 1000
const CALLS = 200
const AT_ONCE = 8
const ANSWER_MS = 20

const list = (count) => Array.from({ length: count }, (_, n) => `n${n}`).join(', ')

/** A thousand cases from lists, and a thousand that are written out; three assertions each. */
const ASSERTIONS = `
      - {type: contains, value: '{{name}}'}
      - {type: regex, value: '^Hello n\\d+'}
      - {type: word-count, value: {min: 2, max: 9}}
`
const LISTED = `providers: [echo]\ntests:\n  - vars: {name: [${list(ECHO_CASES)}]}\n    assert:${ASSERTIONS}`
const WRITTEN = `providers: [echo]\ntests:\n${Array.from(
  { length: ECHO_CASES },
  (_, n) => `  - description: case ${n}\n    vars:\n      name: n${n}\n    assert:${ASSERTIONS}`,
).join('')}`
const CALLED = `providers: ['openai:a']\ntests:\n  - vars: {name: [${list(CALLS)}]}\n    assert: [{type: contains, value: Hello}]\n`

/** A registry with one prompt and that test set. */
function createSet(context, name, set) {
  const cwd = context.surroundings.scratch(name)
  const { env } = context
  writeFileSync(join(cwd, 'template.txt'), 'Hello {{name}}, how are you?\n')
  run(context.promptctl('init'), { cwd, env })
  run(context.promptctl('new', 'Greeting', '--template-file', 'template.txt'), { cwd, env })
  mkdirSync(join(cwd, 'evals'))
  for (const file of readdirSync(join(cwd, 'prompts/development'))) writeFileSync(join(cwd, 'evals', file), set)
  return cwd
}

const measureEcho = (name, set) => async (context) => {
  const cwd = createSet(context, name, set)
  const { env } = context
  return inTurns(
    () => timeOf({ commands: [context.promptctl('eval', 'greeting')], cwd, env }),
    () => timeOf({ commands: [context.bare], cwd, env }),
    context.samples.light,
  )
}

async function measureCalls(context) {
  const cwd = createSet(context, 'eval-calls', CALLED)
  const endpoint = spawn(context.node, [join(context.bench, 'peers/endpoint.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const address = await new Promise((found) => endpoint.stdout.once('data', (text) => found(String(text).trim())))
    const env = { ...context.env, OPENAI_BASE_URL: address }
    const ideal = [context.node, '-e', `setTimeout(() => {}, ${(CALLS * ANSWER_MS) / AT_ONCE})`]
    return inTurns(
      () => timeOf({ commands: [context.promptctl('eval', 'greeting', '--concurrency', String(AT_ONCE))], cwd, env }),
      () => timeOf({ commands: [ideal], cwd, env }),
      context.samples.middle,
    )
  } finally {
    endpoint.kill()
  }
}

export const EVAL = [
  {
    name: `eval, ${ECHO_CASES} echo cases`,
    peer: 'node -e 0',
    target: 3,
    measure: measureEcho('eval-listed', LISTED),
  },
  {
    name: `eval, ${ECHO_CASES} echo cases, written out`,
    peer: 'node -e 0',
    target: 3,
    measure: measureEcho('eval-written', WRITTEN),
  },
  {
    name: `eval, ${CALLS} calls of ${ANSWER_MS} ms, ${AT_ONCE} at once`,
    peer: `node that waits ${(CALLS * ANSWER_MS) / AT_ONCE} ms`,
    target: 1.25,
    measure: measureCalls,
  },
]
