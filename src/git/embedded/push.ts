import { join } from 'node:path'
import { isPromptctlError, PromptctlError } from '../../core/errors.js'
import type { Oid, PushOutcome, PushRequest } from '../../registry/ports.js'
import { withoutCredentials } from '../credentials.js'
import { GitLockWait, gitLockError } from '../git-lock.js'
import { openScratch } from '../journal.js'
import { LockBusy, LockFiles } from './lock-files.js'
import { OBJECTS_GITDIR } from './object-fs.js'
import type { Parts } from './parts.js'
import { assertPushable } from './refusals.js'
import { ONLY_REMOTE, openRemoteFs } from './remote-fs.js'
import { findHttpRemote } from './remote-url.js'

/**
 * The port's `fetch`, over https with PROMPTCTL_GIT_TOKEN. Throws `unsupported` for any other kind of remote.
 */
export async function fetchBranch(parts: Parts, remote: string, branch: string): Promise<Oid | undefined> {
  const connection = await openConnection(parts, remote, 'url')
  return asking(remote, async () => {
    const ref = `refs/heads/${branch}`
    const tip = await tipOf(connection, ref, false)
    if (tip === undefined) return undefined
    if (parts.objects.find(tip) === undefined) {
      const known = parts.refs.resolve(trackingRef(remote, branch)) ?? parts.refs.resolve(ref)
      const fs = openRemoteFs(objectsDir(parts), parts.objects, known === undefined ? {} : { [ref]: known })
      const wanted = { ref: branch, remoteRef: ref, remote: ONLY_REMOTE, singleBranch: true, tags: false }
      await connection.git.fetch({ ...connection.options, ...wanted, fs, gitdir: OBJECTS_GITDIR })
    }
    await moveTracking(parts, remote, branch, tip)
    return tip
  })
}

/** The branch that the remote's HEAD names, by its short name; undefined where it says none. */
export async function readRemoteHead(parts: Parts, remote: string): Promise<string | undefined> {
  const { git, options } = await openConnection(parts, remote, 'url')
  return asking(remote, async () => {
    const refs = await git.listServerRefs({ ...options, prefix: 'HEAD', symrefs: true, protocolVersion: 1 })
    return refs.find(({ ref }) => ref === 'HEAD')?.target?.replace(/^refs\/heads\//, '')
  })
}

/** The port's `push`, over https with PROMPTCTL_GIT_TOKEN. Throws `unsupported` for any other kind of remote. */
export async function pushBranch(parts: Parts, request: PushRequest): Promise<PushOutcome> {
  const { remote, branch, commit, expected } = request
  assertPushable(parts.layout, parts.config(), parts.env)
  const connection = await openConnection(parts, remote, 'pushurl')
  const ref = `refs/heads/${branch}`
  return asking(remote, async () => {
    const tip = await tipOf(connection, ref, true)
    if (tip === commit) return { kind: 'current' }
    if (tip !== expected) return { kind: 'moved', tip: await fetchBranch(parts, remote, branch) }
    const refused = await send(parts, connection, request, ref)
    if (refused === undefined) {
      await moveTracking(parts, remote, branch, commit)
      return { kind: 'accepted' }
    }
    const now = await fetchBranch(parts, remote, branch)
    if (now !== expected) return { kind: 'moved', tip: now }
    throw new PromptctlError('rejected', `${remote} said no to this push of ${branch}`, {
      hint: 'Ask who looks after the remote, or open a pull request: the branch may be protected.',
      details: { remote, branch, output: refused },
    })
  })
}

type Connection = Awaited<ReturnType<typeof openConnection>>

async function openConnection(parts: Parts, remote: string, setting: 'url' | 'pushurl') {
  const { url, username } = findHttpRemote(parts.config(), remote, setting)
  const token = parts.env.PROMPTCTL_GIT_TOKEN
  const [git, { default: http }] = await Promise.all([import('isomorphic-git'), import('isomorphic-git/http/node')])
  const onAuth = () => (token ? { username, password: token } : { cancel: true })
  // Asked once: a token that was wrong is wrong.
  return { git, options: { http, url, onAuth, onAuthFailure: () => ({ cancel: true }) } }
}

async function tipOf({ git, options }: Connection, ref: string, forPush: boolean): Promise<Oid | undefined> {
  const refs = await git.listServerRefs({ ...options, prefix: ref, forPush, protocolVersion: 1 })
  return refs.find((one) => one.ref === ref)?.oid as Oid | undefined
}

/** What the remote said when it refused, or undefined. */
async function send(
  parts: Parts,
  { git, options }: Connection,
  { commit, expected }: PushRequest,
  ref: string,
): Promise<string | undefined> {
  const fs = openRemoteFs(objectsDir(parts), parts.objects, { [ref]: commit })
  const words: string[] = []
  try {
    await git.push({
      ...{ ...options, fs, gitdir: OBJECTS_GITDIR, ref, remoteRef: ref, remote: ONLY_REMOTE },
      onMessage: (message) => void words.push(message),
      onPrePush: ({ remoteRef }) => (remoteRef.oid.replace(/^0+$/, '') || undefined) === expected,
    })
    return undefined
  } catch (error) {
    if (!hasCode(error, 'GitPushError', 'PushRejectedError', 'UserCanceledError')) throw error
    return [...words, error instanceof Error ? error.message : ''].join('\n')
  }
}

const objectsDir = ({ layout }: Parts): string => join(layout.commonDir, 'objects')

const trackingRef = (remote: string, branch: string): string => `refs/remotes/${remote}/${branch}`

/** Moves the tracking reference under git's own lock. */
async function moveTracking(parts: Parts, remote: string, branch: string, tip: Oid): Promise<void> {
  const file = parts.refs.pathOf(trackingRef(remote, branch))
  const wait = new GitLockWait([`${file}.lock`])
  const scratch = await openScratch(parts.layout.gitDir)
  try {
    while (!tryToMove(scratch.dir, file, tip)) {
      if (wait.isOver) throw gitLockError(`${file}.lock`)
      await wait.pause()
    }
  } finally {
    await scratch.remove()
  }
}

function tryToMove(scratch: string, file: string, tip: Oid): boolean {
  const locks = new LockFiles(scratch)
  try {
    const content = locks.prepare(Buffer.from(`${tip}\n`))
    locks.take(file, content)
    locks.commit(file)
    return true
  } catch (error) {
    if (error instanceof LockBusy) return false
    throw error
  } finally {
    locks.release()
  }
}

/** Words what goes wrong on the way as `unavailable`, without the address, which may hold a password. */
async function asking<T>(remote: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (isPromptctlError(error) || !(error instanceof Error)) throw error
    const isDenied = hasCode(error, 'UserCanceledError') || /\b40[13]\b/.test(error.message)
    const hint = isDenied ? 'Set PROMPTCTL_GIT_TOKEN to a token that may write there.' : 'Look at network and address.'
    const reason = withoutCredentials(error.message)
    throw new PromptctlError('unavailable', `${remote} cannot be reached: ${isDenied ? 'it wants a token' : reason}`, {
      hint,
      details: { remote },
      cause: error,
    })
  }
}

const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code))
