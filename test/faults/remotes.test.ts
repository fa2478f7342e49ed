import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ChangeRecord } from '../../src/registry/apply.js'
import { type Answering, type Receiver, startReceiver } from '../helpers/receiver.js'
import type { LogEntry, TestRegistry } from '../helpers/registry.js'
import { createTeam, type Team } from '../helpers/team.js'
import { budgetMs, createRandom, report, SEED, timeoutMs } from './budget.js'
import { type Ended, runBinary } from './inject/faulty.js'
import { errorOf } from './state.js'

/** Receivers that are slow, dead, flapping or lying, and a remote that moves under the push. */

const SHORT_MS = 2_000
const ENV = { PROMPTCTL_WEBHOOK_SECRET: 'hush', PROMPTCTL_WEBHOOK_ALLOW_HOSTS: '127.0.0.1' }

/** What a bad receiver does with a request; none of it is a 2xx that counts. */
const MISDEEDS: readonly Answering[] = [
  (response) => response.writeHead(500).end(),
  (response) => response.writeHead(503, { 'retry-after': '0' }).end(),
  (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  (response) => response.socket?.destroy(),
  // No HTTP at all; a status that is none; an answer that never was meant to be one.
  (response) => response.socket?.end('hello\r\n\r\n'),
  (response) => response.socket?.end('HTTP/1.1 20 OK\r\n\r\n'),
  (response) => response.writeHead(404).end('x'.repeat(100_000)),
]

interface Flapping {
  readonly team: Team
  readonly receiver: Receiver
  /** Ids of deliveries that were answered 2xx. */
  readonly accepted: ReadonlySet<string>
  heal(): void
}

async function createFlapping(random: () => number): Promise<Flapping> {
  const accepted = new Set<string>()
  let isHealthy = false
  const receiver = await startReceiver((response, request, index) => {
    const misdeed = MISDEEDS[Math.floor(random() * (MISDEEDS.length * 1.5))]
    if (misdeed !== undefined && !isHealthy) return misdeed(response, request, index)
    accepted.add(String(request.headers['webhook-id']))
    setTimeout(() => response.writeHead(204).end(), isHealthy ? 0 : random() * 100)
  })
  const config = `name: acme\nbranch: main\nwebhooks:\n  - url: ${receiver.url}\n    secret_env: PROMPTCTL_WEBHOOK_SECRET\n`
  return { team: createTeam(config), receiver, accepted, heal: () => (isHealthy = true) }
}

const outboxOf = ({ dir }: TestRegistry): readonly string[] => {
  const folder = join(dir, '.git/promptctl/root/outbox')
  return existsSync(folder) ? readdirSync(folder).map((name) => name.replace('.json', '')) : []
}

async function publishText(registry: TestRegistry, slug: string, text: string): Promise<Ended> {
  const argv = ['edit', slug, '--template-file', '-', '--publish', '--json']
  return runBinary(registry, argv, { stdin: `${text} {{name}}`, env: ENV })
}

/** Edits by hand, and publishes with --push; an edit that was refused is put away. */
async function publishAndPush(clone: TestRegistry, slug: string, text: string): Promise<Ended> {
  const file = clone.file(slug)
  clone.repo.write(file, clone.repo.read(file).replace(/Hello\S*/, `Hello${text}`))
  const ended = await runBinary(clone, ['publish', slug, '--push', '--json'])
  clone.repo.git('checkout', '-q', '--', '.')
  return ended
}

describe('receivers that misbehave', () => {
  it(
    'fail no push and lose no event: what they did not take stays, and is delivered when they are well',
    async () => {
      const { team, receiver, accepted, heal } = await createFlapping(createRandom(SEED))
      const { slug } = team.ada.live('Greet', 'Hello {{name}}')
      let pushes = 0
      for (const deadline = Date.now() + budgetMs('remotes', SHORT_MS) / 2; Date.now() < deadline; pushes += 1) {
        expect((await publishText(team.ada, slug, `Hello ${pushes}`)).exit).toBe(0)
        expect((await runBinary(team.ada, ['push', '--wait'], { env: ENV })).exit).toBe(0)
        expect(team.tip()).toBe(team.ada.head())
      }
      heal()
      const versions = team.ada.repo.git('rev-list', 'HEAD', '--', team.ada.file(slug)).split('\n')
      for (const deadline = Date.now() + 40_000; outboxOf(team.ada).length > 0; ) {
        expect(Date.now(), outboxOf(team.ada).join(' ')).toBeLessThan(deadline)
        await runBinary(team.ada, ['webhook', 'deliver'], { env: ENV })
        // What was refused for good goes again when somebody asks for it.
        for (const id of outboxOf(team.ada)) await runBinary(team.ada, ['webhook', 'deliver', '--id', id], { env: ENV })
      }
      expect(accepted.size).toBe(versions.length)
      report('remotes', { pushes, requests: receiver.received.length, delivered: accepted.size })
    },
    timeoutMs('remotes', SHORT_MS),
  )
})

describe('a remote that moves under the push', () => {
  it(
    'gets every acknowledged version once, from three clones at once [case 35]',
    async () => {
      const team = createTeam()
      const slugs = ['Ada', 'Bob', 'Eve'].map((name) => team.ada.live(name, 'Hello {{name}}').slug)
      await team.ada.json('push')
      const clones = [team.ada, team.clone(), team.clone()]
      const records: ChangeRecord[] = []
      let refused = 0
      const deadline = Date.now() + budgetMs('remotes', SHORT_MS) / 2
      for (let round = 0; round < 2 || Date.now() < deadline; round += 1) {
        // Each its own prompt, and in every other round all the same one.
        const chosen = clones.map((_, index) => slugs[round % 2 === 0 ? index : 0] ?? '')
        const ended = await Promise.all(
          clones.map((clone, index) => publishAndPush(clone, chosen[index] ?? '', `${round}-${index}`)),
        )
        for (const one of ended) {
          if (one.exit === 0) records.push(JSON.parse(one.stdout) as ChangeRecord)
          else {
            refused += 1
            expect(errorOf(one, 'a push').code).toBe('conflict')
          }
        }
        expect(ended.some(({ exit }) => exit === 0)).toBe(true)
      }
      await expectOnRemote(team, slugs, records)
      report('remotes', { clones: clones.length, acknowledged: records.length, refused })
    },
    timeoutMs('remotes', SHORT_MS),
  )
})

async function expectOnRemote(team: Team, slugs: readonly string[], records: readonly ChangeRecord[]): Promise<void> {
  const reader = team.clone()
  const chain = reader.repo.git('rev-list', '--first-parent', 'HEAD').split('\n')
  for (const { commit } of records) expect(chain.filter((one) => one === commit)).toHaveLength(1)
  for (const slug of slugs) {
    const log = await reader.json<LogEntry[]>('log', slug)
    expect(log.map(({ version }) => version)).toEqual(log.map((_, index) => log.length - index))
    for (const record of records.filter((one) => one.slug === slug)) {
      expect(log.find(({ commit }) => commit === record.commit)?.version).toBe(record.version)
    }
  }
  reader.repo.check()
}
