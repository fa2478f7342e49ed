import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { callsTo, type Following, serverEnv, tokenFile, type Written } from '../helpers/following.js'
import { tempDir } from '../helpers/registry.js'
import { createTeam, type Team } from '../helpers/team.js'

const BIN = fileURLToPath(new URL('../../bin/promptctl.js', import.meta.url))

interface Replica extends Pick<Following, 'write' | 'get'> {
  readonly child: ChildProcess
  /** Resolves with the exit status, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
}

const replicas: Replica[] = []
afterEach(async () => {
  for (const { child } of replicas) child.kill('SIGKILL')
  await Promise.all(replicas.splice(0).map(({ ended }) => ended))
})

/** `promptctl serve --clone`, in a process and a folder of its own. */
async function startReplica({ origin }: Team, root: string): Promise<Replica> {
  const tokens = join(root, 'tokens')
  writeFileSync(tokens, tokenFile())
  const words = ['serve', '--clone', origin, join(root, 'clone.git'), '--port', '0', '--tokens', tokens, '--poll', '1s']
  const child = spawn(process.execPath, [BIN, ...words], { env: serverEnv(root), stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number | string | null>((done) =>
    child.once('exit', (status, signal) => done(signal ?? status)),
  )
  const url = await new Promise<string>((done, fail) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk
      const found = /"url":"([^"]+)"/.exec(text)?.[1]
      if (found !== undefined) done(found)
    })
    ended.then((how) => fail(new Error(`serve ended: ${how}\n${text}`)))
  })
  const replica = { child, ended, ...callsTo(url) }
  replicas.push(replica)
  await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(200)
  return replica
}

describe('replicas over one remote [case 68]', () => {
  it('lose nothing that they acknowledged, also when one is killed, and end when they are told', async () => {
    const team = createTeam()
    const slugs = ['One', 'Two', 'Three'].map((title) => team.ada.live(title, `${title} {{name}}\n`).slug)
    team.ada.repo.git('push', '-q', 'origin', 'main')
    const roots = [tempDir(), tempDir()] as const
    const [a, b] = await Promise.all([startReplica(team, roots[0]), startReplica(team, roots[1])])
    const acknowledged: Written['body'][] = []
    const write = async (replica: Replica, slug: string, template: string): Promise<number> => {
      const body = { environment: 'development', publish: true, template }
      const { status, body: made } = await replica.write('PUT', `/${slug}`, body)
      if (status === 200) acknowledged.push(made)
      return status
    }
    const kill = new Promise((done) => setTimeout(done, 700)).then(() => b.child.kill('SIGKILL'))
    // What the killed one was asked has no answer: nothing is known of it.
    const killed = [0, 1, 2, 3].map((n) => write(b, slugs[n % 3] ?? '', `b ${n}\n`).catch(() => 0))
    const others = [0, 1, 2].map((n) => write(a, slugs[n] ?? '', `a ${n}\n`))
    team.ada.commit('beside', '--allow-empty')
    for (let attempt = 0; attempt < 20; attempt += 1) {
      if (team.ada.repo.run(['push', '-q', 'origin', 'main']).status === 0) break
      team.ada.repo.git('pull', '-q', '--rebase', 'origin', 'main')
    }
    const statuses = [...(await Promise.all(others)), ...(await Promise.all(killed))]
    expect(statuses.filter((status) => ![0, 200, 409, 412].includes(status))).toEqual([])
    await kill
    expect(await b.ended).toBe('SIGKILL')
    const again = await startReplica(team, roots[1])
    expect(await write(again, slugs[0] ?? '', 'again\n')).toBe(200)
    expect(await write(a, slugs[1] ?? '', 'a last\n')).toBe(200)

    const reader = team.clone()
    const chain = reader.repo.git('rev-list', '--first-parent', 'origin/main').split('\n')
    for (const { slug, version, commit } of acknowledged) {
      expect(chain.filter((one) => one === commit)).toHaveLength(1)
      expect(await reader.json('show', `${slug}@${version}`)).toMatchObject({ commit })
    }
    expect(reader.repo.git('log', '--format=%s', '--grep=beside', 'origin/main')).toBe('beside')
    reader.repo.check()
    a.child.kill('SIGTERM')
    expect(await a.ended).toBe(0)
  })
})
