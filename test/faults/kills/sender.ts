import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Received, type Receiver, startReceiver } from '../../helpers/receiver.js'
import type { ProcessEnv } from '../../helpers/repo.js'
import { createTeam, type Team } from '../../helpers/team.js'
import { countOperations, runBinary } from '../inject/faulty.js'
import { killInGit, runAndKill } from './victim.js'

/** Where on its way to the remote and to the receiver a change is when the process group is killed. */
export type SendPhase = 'push' | 'outbox' | 'delivery'

export const SEND_PHASES: readonly SendPhase[] = ['push', 'outbox', 'delivery']

const ENV: ProcessEnv = { PROMPTCTL_WEBHOOK_SECRET: 'hush', PROMPTCTL_WEBHOOK_ALLOW_HOSTS: '127.0.0.1' }

const configOf = (url: string): string =>
  `name: acme\nbranch: main\nwebhooks:\n  - url: ${url}\n    secret_env: PROMPTCTL_WEBHOOK_SECRET\n`

/** A registry with a remote and a webhook, whose pushes and deliveries are killed again and again. */
export class Sender {
  readonly team: Team
  readonly receiver: Receiver
  readonly #random: () => number
  readonly #slug: string
  /** Events that came before they were in the outbox: a kill in between would lose them. */
  readonly #unwritten: readonly string[]
  #counts: Readonly<Record<string, number>> = {}
  #round = 0

  static async start(random: () => number): Promise<Sender> {
    const unwritten: string[] = []
    let outbox = ''
    const receiver = await startReceiver((response, { headers }) => {
      const id = String(headers['webhook-id'])
      if (!existsSync(join(outbox, `${id}.json`))) unwritten.push(id)
      response.writeHead(200).end()
    })
    const sender = new Sender(receiver, random, unwritten)
    outbox = join(sender.team.ada.dir, '.git/promptctl/root/outbox')
    await sender.#change()
    sender.#counts = await countOperations(sender.team.ada, ['push', '--wait'], { env: ENV })
    return sender
  }

  private constructor(receiver: Receiver, random: () => number, unwritten: readonly string[]) {
    this.#unwritten = unwritten
    this.receiver = receiver
    this.#random = random
    this.team = createTeam(configOf(receiver.url))
    this.#slug = this.team.ada.live('Greet', 'Hello 0 {{name}}').slug
  }

  /** True when the kill came before the command had ended. */
  async kill(phase: SendPhase): Promise<boolean> {
    const { ada, tip } = this.team
    const before = tip()
    await this.#change()
    if (phase === 'delivery') await this.#push(before)
    const exit = await this.#strike(phase, before)
    const about = `killed: ${phase}, round ${this.#round}`
    expect([before, ada.head()], about).toContain(tip())
    ada.repo.git('--git-dir', this.team.origin, 'fsck', '--strict')
    // Here the remote's git is of the same process group. What lock it left the next push names, with what the remote said.
    for (const name of readdirSync(this.team.origin, { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.lock')) rmSync(join(this.team.origin, name))
    }
    await this.#push(before)
    await this.#expectDelivered(about)
    return exit === null
  }

  async #change(): Promise<void> {
    this.#round += 1
    const { ada } = this.team
    ada.edit(this.#slug, /Hello \d+/.exec(ada.repo.read(ada.file(this.#slug)))?.[0] ?? '', `Hello ${this.#round}`)
    await ada.json('publish', this.#slug)
  }

  async #strike(phase: SendPhase, before: string): Promise<number | null> {
    const { ada } = this.team
    if (phase === 'push') {
      return (await runBinary(ada, ['push'], { env: { ...ENV, ...killInGit('push', this.#random() * 60) } })).exit
    }
    const argv = phase === 'outbox' ? ['push', '--wait'] : ['notify', `${before}..HEAD`]
    if (phase === 'delivery' && this.#random() < 0.5) {
      return (await runAndKill(ada, argv, '', 80 + this.#random() * 200, ENV)).exit
    }
    const nth = 1 + Math.floor(this.#random() * (this.#counts['outbox'] ?? 1))
    return (await runBinary(ada, argv, { env: ENV, fault: `kill:outbox:${nth}` })).exit
  }

  async #push(before: string): Promise<void> {
    const { ada, tip } = this.team
    const { exit, stderr } = await runBinary(ada, ['push', '--json'], { env: ENV })
    expect(exit, `the next push after ${before}: ${stderr}`).toBe(0)
    expect(tip()).toBe(ada.head())
  }

  /** Every version that the remote has was heard of, each with one body, and nothing is left in the outbox. */
  async #expectDelivered(about: string): Promise<void> {
    const { ada } = this.team
    const wanted = ada.repo.git('rev-list', 'HEAD', '--', ada.file(this.#slug)).split('\n')
    for (const deadline = Date.now() + 15_000; ; ) {
      const { exit, stderr } = await runBinary(ada, ['webhook', 'deliver', '--json'], { env: ENV })
      const heard = new Set(this.receiver.received.map((request) => bodyOf(request).commit))
      const missing = wanted.filter((commit) => !heard.has(commit))
      const outbox = join(ada.dir, '.git/promptctl/root/outbox')
      const left = existsSync(outbox) ? readdirSync(outbox).filter((name) => name.endsWith('.json')) : []
      if (missing.length + left.length === 0) break
      if (Date.now() > deadline) {
        throw new Error(
          `${about}: not heard of ${missing.join(' ')}; in the outbox: ${left}; deliver: ${exit} ${stderr}`,
        )
      }
    }
    const bodies = new Map<string, string>()
    for (const request of this.receiver.received) {
      const { id } = bodyOf(request)
      expect(bodies.get(id) ?? request.body.toString(), about).toBe(request.body.toString())
      bodies.set(id, request.body.toString())
    }
    expect(bodies.size, about).toBe(wanted.length)
    expect(this.#unwritten, 'sent before it was in the outbox').toEqual([])
  }
}

const bodyOf = ({ body }: Received): { id: string; commit: string } => JSON.parse(body.toString())
