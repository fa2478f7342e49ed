import { PromptctlError } from '../../core/errors.js'
import type { Oid, PushOutcome, PushRequest } from '../../registry/ports.js'
import { withoutCredentials } from '../credentials.js'
import { GitLockWait } from '../git-lock.js'
import { interrupted } from '../interrupted.js'
import type { Native } from './native.js'
import { lastWords, type RunResult, runGit } from './process.js'

/** What git fetch would also do, and what costs a process each. */
const LEAN = [
  '--no-tags',
  '--no-auto-maintenance',
  '--no-write-fetch-head',
  '--no-recurse-submodules',
  '--no-show-forced-updates',
]
/** Another fetch in this clone may move the same reference beside us. */
const ATTEMPTS = 5
/** The status of `ls-remote --exit-code` when the remote answers and has no such reference. */
const NO_SUCH_REF = 2

const branchRef = (branch: string): string => `refs/heads/${branch}`

/** Repository.fetch; see registry/ports.ts. Asks for passwords as git does, on the user's terminal. */
export async function fetchBranch(native: Native, remote: string, branch: string): Promise<Oid | undefined> {
  const { context, location, refs } = native
  const tracking = `refs/remotes/${remote}/${branch}`
  const args = ['fetch', '--quiet', ...LEAN, '--', remote, `+${branchRef(branch)}:${tracking}`]
  const locks = new GitLockWait([`${location.commonDir}/${tracking}.lock`])
  for (let attempt = 1; ; attempt += 1) {
    const result = await runGit(context, args, { runsHooks: true })
    if (result.status === 0) return refs.readRef(tracking)
    // 128: nothing came. 1: something came, and the reference was locked or moved meanwhile.
    if (result.status === 1 && attempt < ATTEMPTS) await locks.pause()
    else if (result.status === 128 && (await hasNoSuchBranch(native, remote, branch))) return undefined
    else throw unreachable(remote, result)
  }
}

async function hasNoSuchBranch({ context }: Native, remote: string, branch: string): Promise<boolean> {
  const args = ['ls-remote', '--quiet', '--exit-code', '--', remote, branchRef(branch)]
  return (await runGit(context, args, { runsHooks: true })).status === NO_SUCH_REF
}

/**
 * Repository.push; see registry/ports.ts. The lease is the compare-and-swap; it never forces anything here, because the
 * commit descends from what it expects.
 */
export async function pushBranch(native: Native, request: PushRequest): Promise<PushOutcome> {
  const { remote, branch, commit, expected } = request
  const ref = branchRef(branch)
  const lease = `--force-with-lease=${ref}:${expected ?? ''}`
  const args = ['push', '--porcelain', lease, '--', remote, `${commit}:${ref}`]
  const result = await runGit(native.context, args, { runsHooks: true })
  if (result.status === null || native.context.signal?.aborted) throw interrupted(native.context.signal)
  const flag = flagOf(result, ref)
  if (flag !== undefined && flag !== '!') {
    await moveTracking(native, request)
    return { kind: flag === '=' ? 'current' : 'accepted' }
  }
  if (flag === undefined) throw result.status === 1 ? hookSaidNo(result) : unreachable(remote, result)
  // Whether the branch moved or the remote said no is told by where it is now, and not by words.
  const tip = await fetchBranch(native, remote, branch)
  if (tip === commit) return { kind: 'current' }
  if (tip !== expected) return { kind: 'moved', tip }
  throw remoteSaidNo(request, result)
}

/** git does that itself where a fetch refspec names the reference; a bare clone has none. */
async function moveTracking(
  { context, refs }: Native,
  { remote, branch, commit, expected }: PushRequest,
): Promise<void> {
  const tracking = `refs/remotes/${remote}/${branch}`
  const known = await refs.readRef(tracking)
  if (known !== expected || known === commit) return
  // Where this fails somebody else moved it, or the next fetch does.
  await runGit(context, ['update-ref', '-m', 'update by push', tracking, commit, known ?? '0'.repeat(commit.length)])
}

/** `<flag>\t<from>:<to>\t<summary>`, a line a reference; see git-push(1). Undefined when git did not get that far. */
function flagOf({ stdout }: RunResult, ref: string): string | undefined {
  const lines = stdout.toString('utf8').split('\n')
  return lines.find((line) => line.split('\t')[1]?.endsWith(`:${ref}`))?.[0]
}

const hookSaidNo = (result: RunResult): PromptctlError =>
  new PromptctlError('rejected', 'The pre-push hook said no, so nothing was pushed', {
    details: { output: wordsOf(result) },
  })

const remoteSaidNo = ({ remote, branch }: PushRequest, result: RunResult): PromptctlError =>
  new PromptctlError('rejected', `${remote} said no to this push of ${branch}`, {
    hint: 'Ask who looks after the remote, or open a pull request: the branch may be protected.',
    details: { remote, branch, output: wordsOf(result) },
  })

const unreachable = (remote: string, result: RunResult): PromptctlError =>
  new PromptctlError('unavailable', `${remote} cannot be reached: ${withoutCredentials(lastWords(result.stderr))}`, {
    hint: `Try git fetch ${remote}: it says more about network and access.`,
    details: { remote, output: wordsOf(result) },
  })

const wordsOf = ({ stdout, stderr }: RunResult): string =>
  withoutCredentials(`${stderr.trimEnd()}\n${stdout.toString('utf8').replace(/^(?:To .*|Done)\n/gm, '')}`)
