import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { preparePrompt } from '../../src/core/compile.js'
import type { EvaluationResult } from '../../src/core/evaluation.js'
import type { PromptFile } from '../../src/core/prompt-file.js'
import { createEvaluator } from '../../src/evaluation/evaluator.js'
import type { EvaluationRequest } from '../../src/registry/ports.js'
import { type Answering, startReceiver } from '../helpers/receiver.js'

const dir = mkdtempSync(join(tmpdir(), 'promptctl-eval-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const TEXT = { template: 'Say {{a}}', variables: { a: {} } }
const KEY = 'sk-secret-0123456789'

interface Options {
  readonly set: string
  readonly prompt?: Partial<PromptFile>
  readonly env?: Readonly<Record<string, string>>
  readonly more?: Partial<EvaluationRequest>
  readonly signal?: AbortSignal
}

function evaluate({ set, prompt = TEXT, env = {}, more = {}, signal }: Options): Promise<EvaluationResult> {
  const source = { file: 'a.yaml', prompt: { slug: 'a-00000001', ...prompt } as PromptFile }
  const interrupt = {
    signal: signal ?? new AbortController().signal,
    protect: <T>(action: () => Promise<T>) => action(),
  }
  const evaluator = createEvaluator({
    env: { PATH: process.env['PATH'], ...env },
    directory: dir,
    root: dir,
    interrupt,
  })
  return evaluator.evaluate(
    preparePrompt(source, () => undefined),
    {
      set: { path: 'evals/a-00000001.yaml', bytes: new TextEncoder().encode(set) },
      providers: { by: 'file', ids: undefined },
      mayStart: true,
      ...more,
    },
  )
}

const setFor = (provider: string, vars = '{a: hi}', assert = '[]') =>
  `providers: ['${provider}']\ntests: [{vars: ${vars}, assert: ${assert}}]\n`

const program = (text: string): string => {
  const file = join(dir, `program-${Math.random()}.mjs`)
  writeFileSync(file, text)
  return `exec:${process.execPath} ${file}`
}

const byUser = (id: string, rest: Partial<EvaluationRequest> = {}) =>
  ({ ...rest, providers: { by: 'user', ids: [id] } }) as const
const runProgram = (text: string, rest: Partial<EvaluationRequest> = {}) =>
  evaluate({ set: setFor('echo'), more: byUser(program(text), rest) })

describe('exec', () => {
  it('gets the prompt on standard input, and answers on standard output', async () => {
    const { cases } = await runProgram('process.stdin.on("data", (d) => process.stdout.write(String(d).toUpperCase()))')
    expect(cases[0]).toMatchObject({ output: 'SAY HI', prompt: 'Say hi', pass: true, cost: null })
  })

  it('gets messages as JSON', async () => {
    const prompt = { messages: [{ role: 'user', content: 'Say {{a}}' }], variables: { a: {} } }
    const { cases } = await evaluate({ set: setFor('echo'), prompt, more: byUser('exec:cat') })
    expect(JSON.parse(cases[0]?.output ?? '')).toEqual([{ role: 'user', content: 'Say hi' }])
  })

  it('no shell looks at its words', async () => {
    const { cases } = await evaluate({ set: setFor('echo'), more: byUser('exec:echo $HOME; touch stolen') })
    expect(cases[0]?.output).toBe('$HOME; touch stolen\n')
  })

  it.each([
    ['is not there', 'exec:/nowhere/model', /could not be started.*ENOENT/],
    ['fails', program('console.error("no model"); process.exit(3)'), /ended with status 3: no model/],
    [
      'dies half-way',
      program('process.stdout.write("half"); process.kill(process.pid, "SIGKILL")'),
      /ended with SIGKILL/,
    ],
    ['prints megabytes', 'exec:yes', /printed more than 1048576 bytes/],
    ['hangs', program('setInterval(() => {}, 1000)'), /did not answer within 0\.5 s/],
  ])('that %s is an error of its case', async (_, id, error) => {
    const { cases, passed } = await evaluate({
      set: `providers: [echo]\ntests: [{vars: {a: hi}}, {providerOutput: canned, vars: {a: b}}]\n`,
      more: byUser(id, { timeoutMs: error.source.includes('within') ? 500 : 30_000 }),
    })
    expect(cases[0]?.error).toMatch(error)
    expect([cases[1]?.pass, passed]).toEqual([true, 1])
  })

  it('that hangs ends with what it started', async () => {
    const pidFile = join(dir, 'grandchild')
    const child = `import { spawn } from 'node:child_process'
      import { writeFileSync } from 'node:fs'
      const one = spawn('sleep', ['60'], { stdio: 'inherit' })
      writeFileSync(${JSON.stringify(pidFile)}, String(one.pid))
      setInterval(() => {}, 1000)`
    await runProgram(child, { timeoutMs: 5000 })
    const pid = Number(readFileSync(pidFile, 'utf8'))
    await expect.poll(() => isRunning(pid)).toBe(false)
  })

  it('of a file is not started, unless the user allows it, and over HTTP never', async () => {
    const set = setFor('exec:cat')
    await expect(evaluate({ set })).rejects.toMatchObject({ code: 'forbidden' })
    const env = { PROMPTCTL_EVAL_ALLOW_EXEC: '1' }
    expect((await evaluate({ set, env })).cases[0]?.output).toBe('Say hi')
    await expect(evaluate({ set, env, more: { mayStart: false } })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(evaluate({ set, more: { mayStart: false, ...byUser('exec:cat') } })).rejects.toMatchObject({
      code: 'forbidden',
    })
  })

  it('cannot hide behind the label of another provider', async () => {
    const set = `providers: [{id: 'exec:touch stolen', label: echo}]\ntests: [{vars: {a: hi}}]\n`
    const { cases } = await evaluate({ set, more: byUser('echo') })
    expect(cases[0]?.output).toBe('Say hi')
  })

  it('is ended by Ctrl-C, and what was answered is still there', async () => {
    const controller = new AbortController()
    const set = `providers: [echo]\ntests: [{vars: {a: hi}, providerOutput: canned}, {vars: {a: [x, y, z]}}]\n`
    const started = join(dir, 'started')
    const text = `import { writeFileSync } from 'node:fs'\nwriteFileSync('${started}', '')\nsetInterval(() => {}, 1000)`
    const evaluating = evaluate({
      set,
      more: byUser(program(text), { concurrency: 2 }),
      signal: controller.signal,
    })
    await expect.poll(() => existsSync(started)).toBe(true)
    controller.abort()
    const result = await evaluating
    expect([result.interrupted, result.passed, result.total]).toEqual([true, 1, 4])
    expect(
      result.cases
        .map(({ error }) => error)
        .slice(1)
        .join(),
    ).toMatch(/interrupted/)
  })
})

const isRunning = (pid: number): boolean => {
  try {
    // A zombie that nobody has waited for is there, and does nothing.
    return process.kill(pid, 0) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

const completion = (content: unknown, usage: object = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 }) =>
  JSON.stringify({ choices: [{ message: { role: 'assistant', content } }], usage })

const json: (text: string) => Answering = (text) => (response) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(text)

const json401: (text: string) => Answering = (text) => (response) => response.writeHead(401).end(text)

async function ask(answering: Answering, options: Partial<Options> = {}) {
  const receiver = await startReceiver(answering)
  const env = { OPENAI_BASE_URL: `http://127.0.0.1:${receiver.port}/v1/`, OPENAI_API_KEY: KEY }
  const result = await evaluate({ set: setFor('openai:gpt-4o'), env, ...options })
  expect(JSON.stringify(result)).not.toContain(KEY)
  return { receiver, result, first: result.cases[0] }
}

describe('openai', () => {
  it('posts a text prompt, with the parameters of its model, and keeps what it used', async () => {
    const prompt = { ...TEXT, model: { name: 'x', parameters: { temperature: 0.2, model: 'evil', stream: true } } }
    const { receiver, first, result } = await ask(json(completion('hello')), { prompt })
    const [request] = receiver.received
    expect([request?.path, request?.headers.authorization]).toEqual(['/v1/chat/completions', `Bearer ${KEY}`])
    expect(JSON.parse(String(request?.body))).toEqual({
      temperature: 0.2,
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'Say hi' }],
    })
    expect(first).toMatchObject({ output: 'hello', pass: true, cost: null, tokens: { total: 12 } })
    expect(result.tokens).toEqual({ prompt: 10, completion: 2, total: 12 })
  })

  it('posts messages as they are, and the tools and the format of the prompt', async () => {
    const prompt = {
      messages: [
        { role: 'system', content: 'Be brief' },
        { role: 'user', content: [{ type: 'text', text: 'Say {{a}}' }] },
      ],
      variables: { a: {} },
      response_format: { type: 'json_object' },
    }
    const { receiver } = await ask(json(completion('{}')), { prompt })
    expect(JSON.parse(String(receiver.received[0]?.body))).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief' },
        { role: 'user', content: [{ type: 'text', text: 'Say hi' }] },
      ],
      response_format: { type: 'json_object' },
    })
  })

  it('counts cost by the prices of the config, or as the endpoint says', async () => {
    const set = `providers: [{id: 'openai:a', label: mine, config: {temperature: 1, inputCost: 0.001, outputCost: 0.01}}]\ntests: [{vars: {a: b}, assert: [{type: cost, threshold: 0.03}]}]\n`
    const { receiver, first } = await ask(json(completion('x')), { set })
    expect(first).toMatchObject({ provider: 'mine', pass: true, cost: expect.closeTo(0.03) })
    expect(JSON.parse(String(receiver.received[0]?.body))).toMatchObject({ model: 'a', temperature: 1 })
    expect(JSON.parse(String(receiver.received[0]?.body))).not.toHaveProperty('inputCost')
    expect((await ask(json(completion('x', { cost: 0.5 })))).result.cost).toBe(0.5)
  })

  it.each<[string, Answering, RegExp]>([
    [
      'refuses the key',
      (response, { headers }) =>
        response.writeHead(401).end(JSON.stringify({ error: { message: `bad key ${headers.authorization}` } })),
      /refused the key \(OPENAI_API_KEY\): 401 bad key/,
    ],
    [
      'answers HTML',
      (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>login</html>'),
      /answered with HTML/,
    ],
    ['answers garbage', json('nonsense'), /answered with "nonsense", and not with JSON/],
    ['answers other JSON', json('{"a": 1}'), /holds no completion/],
    ['answers nothing', json(''), /answered with nothing/],
    ['has no such model', (response) => response.writeHead(404).end('{}'), /no such model or address/],
    ['redirects', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), /answered: 302/],
    ['answers megabytes', (response) => response.writeHead(200).end('x'.repeat(5 << 20)), /more than 4194304 bytes/],
  ])('that %s is an error of its case', async (_, answering, error) => {
    const { first, receiver } = await ask(answering)
    expect(first?.error).toMatch(error)
    expect([first?.pass, receiver.received.length]).toEqual([false, 1])
  })

  it.each<[string, (said: string) => Answering]>([
    ['an error of 300 characters', (said) => json401(JSON.stringify({ error: { message: said } }))],
    ['60 characters of what is no JSON', (said) => json(said)],
    ['an answer', (said) => json(completion(said))],
  ])('tells no part of the key, wherever %s may end', async (_, answering) => {
    for (const length of [0, 45, 50, 55, 59, 280, 285, 290, 299]) {
      const { result } = await ask(answering(`${'x'.repeat(length)}${KEY}`))
      expect(JSON.stringify(result), String(length)).not.toContain(KEY.slice(0, 5))
    }
  })

  it('that hangs is given up', async () => {
    const { first } = await ask(() => undefined, { more: { timeoutMs: 200 } })
    expect(first?.error).toMatch(/did not answer within 0\.2 s/)
  })

  it('is asked again when it limits the rate, fails, or breaks off', async () => {
    const answers: Answering[] = [
      (response) => response.writeHead(429, { 'retry-after': '0' }).end(),
      (response) => response.writeHead(503, { 'retry-after': '0' }).end(),
      (response) => {
        response.writeHead(200, { 'content-length': '100' }).write('half')
        setTimeout(() => response.destroy(), 20)
      },
      json(completion('at last')),
    ]
    const { first, receiver } = await ask((...given) => answers[given[2]]?.(...given))
    expect([first?.output, receiver.received.length]).toEqual(['at last', 4])
  })

  it('is not asked for ever, nor when it wants to rest for an hour', async () => {
    const again = await ask((response) => response.writeHead(500, { 'retry-after': '0' }).end())
    expect([again.first?.error, again.receiver.received.length]).toEqual([expect.stringMatching(/500/), 4])
    const later = await ask((response) => response.writeHead(429, { 'retry-after': '3600' }).end())
    expect([later.first?.error, later.receiver.received.length]).toEqual([
      expect.stringMatching(/limits the rate: 429/),
      1,
    ])
  })

  it('is asked so often at once, and no more', async () => {
    let [now, most] = [0, 0]
    const { result } = await ask(
      (response) => {
        most = Math.max(most, ++now)
        setTimeout(() => {
          now -= 1
          json(completion('ok'))(response, { headers: {}, path: '', body: Buffer.alloc(0), at: 0 }, 0)
        }, 20)
      },
      { set: setFor('openai:a', '{a: [a, b, c, d, e, f, g, h, i]}'), more: { concurrency: 3 } },
    )
    expect([most, result.passed]).toEqual([3, 9])
  })

  it('needs a key or an address', async () => {
    await expect(evaluate({ set: setFor('openai:a') })).rejects.toMatchObject({ code: 'usage' })
    const env = { OPENAI_API_KEY: 'sk-a\r\nx-evil: 1' }
    await expect(evaluate({ set: setFor('openai:a'), env })).rejects.toMatchObject({ code: 'usage' })
  })
})

describe('a case', () => {
  it('whose variables are missing, or whose value cannot be filled in, fails alone', async () => {
    const set = `providers: [echo]
tests:
  - vars: {b: 1}
  - vars: {a: x}
    assert: [{type: contains, value: '{{missing}}'}]
  - vars: {a: x}
    assert: [{type: contains-any, value: [n, '{{#broken}}']}]
  - vars: {a: x}
    assert: [{type: assert-set, assert: [{type: equals, value: 'Say {{a}}'}]}]
`
    const { cases } = await evaluate({ set })
    expect(cases.map(({ error }) => error)).toEqual([
      'no value for a (a.yaml:1:1)',
      'contains: no value for missing (evals/a-00000001.yaml:5:39)',
      expect.stringContaining('evals/a-00000001.yaml:7:47: the section {{#broken}} is never closed'),
      null,
    ])
    expect(cases[3]?.pass).toBe(true)
  })

  it('with an answer of its own calls nobody', async () => {
    const set = `tests: [{vars: {a: x}, providerOutput: {b: 1}, assert: [{type: equals, value: {b: 1}}]}]\n`
    const { cases } = await evaluate({ set })
    expect(cases[0]).toMatchObject({ pass: true, output: '{"b":1}', latency_ms: null })
  })

  it('without a provider is a mistake of the set', async () => {
    await expect(evaluate({ set: 'tests: [{vars: {a: x}}]\n' })).rejects.toMatchObject({ code: 'usage' })
  })
})
