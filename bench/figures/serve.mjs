import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { NotAvailable, run, timeOf } from '../measure.mjs'
import { ENVIRONMENTS } from '../prompts.mjs'
import { createToken, residentOf, startBareRoute, startServer } from '../server.mjs'
import { git } from '../surroundings.mjs'

/** What a server with 10,000 prompts in three environments costs. */

const CONNECTIONS = 16
const SECONDS = 3
/** Rounds that are not counted: the compilers of both sides are done then. */
const WARM_UP = 2
/** How many prompts applications use. */
const IN_USE = 1_000

let numbered = 0

/** Other values in every request. */
const createBody = () => {
  const number = numbered++
  return JSON.stringify({
    audience: `engineers of team ${number}`,
    tone: 'warm',
    language: 'German',
    limit: (number % 400) + 1,
    product: `Cloud ${number}`,
    input: `It broke again, for the ${number}th time.`,
    polite: number % 2 === 0,
  })
}

const JSON_BODY = { 'content-type': 'application/json' }
const ETAG = { 'if-none-match': '*' }

/** Each kind of request, to us and to the bare route. */
const KINDS = {
  compiled: {
    path: (slug) => `/api/v1/prompts/${slug}/compiled?environment=production`,
    peer: (slug) => `/compiled/${slug}`,
    more: () => ({ method: 'POST', headers: JSON_BODY, body: createBody() }),
  },
  unchanged: {
    path: (slug) => `/api/v1/prompts/${slug}?environment=production`,
    peer: (slug) => `/unchanged/${slug}`,
    more: () => ({ method: 'GET', headers: ETAG }),
  },
  langfuse: {
    path: (slug) => `/api/public/v2/prompts/${slug}`,
    peer: (slug) => `/record/${slug}`,
    more: () => ({ method: 'GET', headers: {} }),
  },
}

/** Microseconds for each request, under load. */
async function load(url, token, createRequest) {
  const authorization = `Bearer ${token}`
  const setupRequest = (request) => {
    const { headers, ...more } = createRequest()
    return { ...request, ...more, headers: { authorization, ...headers } }
  }
  const result = await autocannon({ url, connections: CONNECTIONS, duration: SECONDS, requests: [{ setupRequest }] })
  const wrong = Object.keys(result.statusCodeStats).filter((status) => !['200', '304'].includes(status))
  if (result.errors > 0 || wrong.length > 0)
    throw new Error(`${url}: ${result.errors} errors, statuses ${wrong.join()}`)
  return 1e6 / result.requests.average
}

/** What we answer on average, in bytes: the bare route answers as many. */
async function sizeOf({ url }, token, slugs, kind) {
  let total = 0
  for (const slug of slugs.slice(0, 100)) {
    const { headers, ...more } = kind.more()
    const answer = await fetch(`${url}${kind.path(slug)}`, {
      ...more,
      headers: { authorization: `Bearer ${token}`, ...headers },
    })
    total += (await answer.arrayBuffer()).byteLength
  }
  return Math.max(100, Math.round(total / 100))
}

/** Asks at random for so many of the 10,000 prompts; for all of them is the worst, because only some are kept ready. */
const measureRequests =
  (name, asked = IN_USE) =>
  async (context) => {
    const kind = KINDS[name]
    const repository = await context.warm('wide')
    const access = createToken(context)
    const slugs = repository.prompts
      .filter(({ environments }) => environments.includes('production'))
      .slice(0, asked)
      .map(({ slug }) => slug)
    const pick = () => slugs[Math.floor(Math.random() * slugs.length)]
    const ours = await startServer(context, repository, access)
    const bare = await startBareRoute(context, access.token, await sizeOf(ours, access.token, slugs, kind))
    try {
      const result = { figure: [], peer: [] }
      for (let round = -WARM_UP; round < context.samples.few; round++) {
        const peer = await load(bare.url, access.token, () => ({ ...kind.more(), path: kind.peer(pick()) }))
        const figure = await load(ours.url, access.token, () => ({ ...kind.more(), path: kind.path(pick()) }))
        if (round < 0) continue
        result.peer.push(peer)
        result.figure.push(figure)
      }
      return result
    } finally {
      await Promise.all([ours.stop(), bare.stop()])
    }
  }

/** The texts of all files, as JSON: what a server of prompts has to take in at least. */
function writeVolume(context, { dir }) {
  const folder = context.surroundings.scratch('volume')
  for (const environment of ENVIRONMENTS) {
    const files = join(dir, 'prompts', environment)
    const texts = readdirSync(files).map((name) => ({ name, text: readFileSync(join(files, name), 'utf8') }))
    writeFileSync(join(folder, `${environment}.json`), JSON.stringify(texts))
  }
  return folder
}

async function measureStart(context) {
  const repository = await context.warm('wide')
  const access = createToken(context)
  const peer = {
    commands: [[context.node, join(context.bench, 'peers/read-json.mjs'), writeVolume(context, repository)]],
    env: context.env,
  }
  const result = { figure: [], peer: [] }
  for (let round = 0; round <= context.samples.heavy; round++) {
    const { readyMs, stop } = await startServer(context, repository, access)
    await stop()
    if (round === 0) continue
    result.figure.push(readyMs)
    result.peer.push(timeOf(peer))
  }
  return result
}

/** Of a second start, after every prompt of an environment has been compiled once. */
async function measureMemory(context) {
  if (!existsSync('/proc/self/status')) throw new NotAvailable('resident memory is read from /proc')
  const repository = await context.warm('wide')
  const { token, file } = createToken(context)
  // The first one reads the history with threads, and writes down what it found.
  await (await startServer(context, repository, { file })).stop()
  const { url, child, stop } = await startServer(context, repository, { file })
  try {
    const slugs = repository.prompts.filter(({ environments }) => environments.includes('production'))
    let next = 0
    const ask = async () => {
      while (next < slugs.length) {
        const { slug } = slugs[next++]
        const { headers, ...more } = KINDS.compiled.more()
        const all = { authorization: `Bearer ${token}`, ...headers }
        await (await fetch(`${url}${KINDS.compiled.path(slug)}`, { ...more, headers: all })).arrayBuffer()
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, ask))
    return { figure: [residentOf(child)] }
  } finally {
    await stop()
  }
}

/** From the moment that a commit's command has ended to the first answer with it. */
async function measureVisible(context) {
  const origin = await context.repository('wide')
  const dir = join(context.surroundings.scratch('visible'), 'clone')
  git(context.env, origin.folder, 'clone', '--quiet', '--shared', origin.origin, dir)
  git(context.env, dir, 'remote', 'remove', 'origin')
  const { token, file } = createToken(context)
  const { slug } = origin.prompts.find(({ environments, plain }) => plain && environments.includes('production'))
  const { url, stop } = await startServer(context, { dir }, { file })
  const headers = { authorization: `Bearer ${token}` }
  const ask = async () => (await (await fetch(`${url}${KINDS.unchanged.path(slug)}`, { headers })).json()).commit
  try {
    const figure = []
    for (let round = 0; round < context.samples.middle; round++) {
      const words = ['edit', slug, '--env', 'production', '--publish', '--set', `title=Round ${round}`]
      run(context.promptctl(...words), { cwd: dir, env: context.env })
      const commit = git(context.env, dir, 'rev-parse', 'HEAD')
      const started = performance.now()
      while ((await ask()) !== commit) {
        if (performance.now() - started > 30_000) throw new Error('the commit never became visible')
        await new Promise((done) => setTimeout(done, 5))
      }
      figure.push(performance.now() - started)
    }
    return { figure: [Math.max(...figure)] }
  } finally {
    await stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

const BARE_ROUTE = 'bare fastify route'
const needs = 'wide'

export const SERVE = [
  {
    name: 'serve: a request for compiled, 16 connections',
    needs,
    peer: BARE_ROUTE,
    target: 1.25,
    unit: 'µs',
    measure: measureRequests('compiled'),
  },
  {
    name: 'serve: a request for compiled, any of 10,000',
    needs,
    peer: BARE_ROUTE,
    unit: 'µs',
    measure: measureRequests('compiled', Number.POSITIVE_INFINITY),
  },
  {
    name: 'serve: a request with If-None-Match',
    needs,
    peer: BARE_ROUTE,
    target: 1.11,
    unit: 'µs',
    measure: measureRequests('unchanged'),
  },
  {
    name: "serve: a request of Langfuse's",
    needs,
    peer: BARE_ROUTE,
    target: 1.25,
    unit: 'µs',
    measure: measureRequests('langfuse'),
  },
  {
    name: 'serve: start until ready, second start',
    needs,
    peer: 'bare script parses the texts as JSON',
    target: 3,
    measure: measureStart,
  },
  { name: 'serve: resident memory, 10,000 × 3', needs, target: 300, unit: 'MiB', measure: measureMemory },
  { name: 'serve: a commit becomes visible, slowest', needs, target: 1000, measure: measureVisible },
]
