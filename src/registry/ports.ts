/** What the use cases ask of the world. git/ implements these; tests run the same contract against each. */

import type { AloneResult } from '../core/check-alone.js'
import type { PreparedPrompt } from '../core/compile.js'
import type { EvaluationResult } from '../core/evaluation.js'
import type { Delivery } from '../core/event.js'
import type { HistoryCommit, Identity, Oid } from '../core/history.js'
import type { Verdict } from '../core/ledger.js'
import type { PackedPrompt } from '../core/packed-prompt.js'

export type { FileChange, HistoryCommit, Identity, Oid } from '../core/history.js'

/** Where HEAD is. `branch` is undefined when HEAD is detached, `commit` when the branch has no commit yet. */
export interface Head {
  /** Short name, such as `main`. */
  readonly branch: string | undefined
  readonly commit: Oid | undefined
}

/** A file in a tree or in the index; `path` is relative to the top of the work tree, with `/`. */
export interface Entry {
  readonly path: string
  readonly blob: Oid
  /** `100644`, `100755`, or `120000` for a symbolic link. */
  readonly mode: string
}

/** A file that two trees, or a tree and the index, do not have alike. */
export interface Difference {
  readonly path: string
  /** Undefined where the file is not there. */
  readonly before: Entry | undefined
  readonly after: Entry | undefined
}

export interface HistoryQuery {
  readonly tip: Oid
  /** Stops before this commit. It must be on the first-parent chain of `tip` (ask `isOnChain` first). */
  readonly after?: Oid | undefined
  /** Files or folders, relative to the top; a commit that changed none of them is left out. Empty: every file. */
  readonly paths: readonly string[] | FilesNamed
}

/** The files `<dir>/<folder>/<name>`, in every folder that `dir` has or ever had. */
export interface FilesNamed {
  readonly dir: string
  readonly name: string
}

export interface FileWrite {
  /** Relative to the top of the work tree. */
  readonly path: string
  /** The exact bytes of the blob. */
  readonly content: Uint8Array
}

export interface CommitRequest {
  /** One or more, no path twice. */
  readonly files: readonly FileWrite[]
  readonly message: string
  /** The commit that the plan was made on; undefined for an unborn branch. When the branch moved since: `conflict`. */
  readonly expected: Oid | undefined
  /**
   * The branch that gets the commit, by its short name; HEAD's by default. Where there is a work tree it must be HEAD's
   * (else `unsupported`): the files there are that branch's.
   */
  readonly branch?: string | undefined
  /**
   * Who the commit is by, when that is not the person that git is configured for. The committer is that person, or
   * promptctl itself where nobody is configured.
   */
  readonly author?: Identity | undefined
  /** False skips pre-commit and commit-msg hooks. */
  readonly verify: boolean
  /**
   * Files whose uncommitted edits stay in the work tree: the commit and the index get `content`, the work tree keeps
   * what it has (rollback --keep-edits).
   */
  readonly keepEdits?: readonly string[]
  /** Called when the commit is made. When it throws, the commit is taken back, and branch, index and files are as before. */
  readonly confirm?: ((commit: Oid) => Promise<void>) | undefined
}

export interface CommitResult {
  readonly commit: Oid
  /** The commit that it stands on; undefined for a root commit. */
  readonly parent: Oid | undefined
  /** Blob ids by path, as committed. */
  readonly blobs: ReadonlyMap<string, Oid>
}

export interface PushRequest {
  readonly remote: string
  /** Short name, the same on both sides. */
  readonly branch: string
  /** What to push; it has `expected` as an ancestor. */
  readonly commit: Oid
  /** Where the remote's branch must be; undefined where it must not exist. */
  readonly expected: Oid | undefined
}

/** `current`: the remote had that commit already. */
export type PushOutcome =
  | { readonly kind: 'accepted' | 'current' }
  | { readonly kind: 'moved'; readonly tip: Oid | undefined }

/** How a file of the work tree compares with HEAD. */
export interface FileStatus {
  readonly path: string
  /** Differs between HEAD and the index. */
  readonly staged: boolean
  /** Differs between the index and the work tree, or is untracked. */
  readonly unstaged: boolean
}

export type OperationUnderWay = 'merge' | 'rebase' | 'cherry-pick' | 'revert' | 'bisect' | 'am'

/**
 * A git repository. Every read is at a commit and every write says which commit it expects. Failures are
 * PromptctlErrors: `unavailable` (git, disk, lock), `unsupported` (a repository that this engine cannot serve),
 * `rejected` (a hook said no; its output in `details.output`), `conflict` (HEAD moved: `details.reason` is `head_moved`).
 */
export interface Repository {
  readonly engine: 'native' | 'embedded'
  /** What does git's work here, such as `git version 2.39.5` or `isomorphic-git 1.44.11`. */
  version(): Promise<string>
  /** Absolute paths, symbolic links resolved. `gitDir` is this work tree's own; `commonDir` is shared by linked ones. */
  readonly gitDir: string
  readonly commonDir: string
  /** Undefined for a bare repository. */
  readonly workTree: string | undefined

  head(): Promise<Head>
  /** The commit that `revision` names, or undefined. Any text is safe: it never is an option, and only hex comes back. */
  resolveCommit(revision: string): Promise<Oid | undefined>
  /** The commit of a full reference name such as `refs/remotes/origin/main`, or undefined. */
  readRef(name: string): Promise<Oid | undefined>
  /**
   * The remote that `branch` tracks, else `origin`, else the only one; with `name` that one, if it is configured. `head`
   * is the branch that its HEAD names, if known.
   */
  remote(branch: string | undefined, name?: string): Promise<{ name: string; head: string | undefined } | undefined>
  isShallow(): Promise<boolean>
  /** Who the next commit would be by. Throws `unavailable` with git's two commands in the hint when nobody is configured. */
  identity(): Promise<Identity>
  /** Something will be planned and committed soon: starts what answers slowly, for whoever asks next. Throws nothing. */
  warmUp(): void
  operationUnderWay(): Promise<OperationUnderWay | undefined>
  /** Paths with unmerged index entries. */
  unmerged(): Promise<readonly string[]>

  /** Commits on the first-parent chain of `tip`, newest first. A merge is compared with its first parent; no rename detection. */
  history(query: HistoryQuery): AsyncIterable<HistoryCommit>
  /** True when `commit` is `tip` or a first-parent ancestor of it. */
  isOnChain(commit: Oid, tip: Oid): Promise<boolean>
  /** How many commits `tip` is ahead of `commit` on its first-parent chain; undefined when `commit` is not on that. */
  distance(commit: Oid, tip: Oid): Promise<number | undefined>
  mergeBase(a: Oid, b: Oid): Promise<Oid | undefined>
  /** The newest commit on the first-parent chain of `tip` whose committer date is at most `seconds`. */
  commitAt(tip: Oid, seconds: number): Promise<Oid | undefined>
  /** Every file below `dir` ('' is the whole tree) at a commit, in byte order of the paths. */
  listTree(commit: Oid, dir: string): Promise<readonly Entry[]>
  /** The entries of exactly these paths at a commit; a missing one is left out. */
  entriesAt(commit: Oid, paths: readonly string[]): Promise<readonly Entry[]>
  /** Every file below `dir` in the index (the one that GIT_INDEX_FILE names, in a hook). Unmerged entries are left out. */
  listIndex(dir: string): Promise<readonly Entry[]>
  /**
   * The files below `dir` that differ from a commit (undefined: from nothing) to another, or to the index, in byte order
   * of the paths; no rename detection. Unmerged entries are left out.
   */
  differences(from: Oid | undefined, to: Oid | 'index', dir: string): Promise<readonly Difference[]>
  /** The bytes of each blob; throws `unavailable` when one cannot be read. */
  readBlobs(blobs: Iterable<Oid>): Promise<ReadonlyMap<Oid, Uint8Array>>
  /** The whole message of each commit; throws `unavailable` when one cannot be read. */
  messages(commits: Iterable<Oid>): Promise<ReadonlyMap<Oid, string>>
  /** The blob id that these exact bytes have. No filters; nothing is written. */
  blobId(content: Uint8Array): Oid
  /** Files below `dir` that differ from HEAD, ignored ones left out. */
  status(dir: string): Promise<readonly FileStatus[]>

  /**
   * Makes one commit on the current branch, as `git commit --only` of these files would: hooks, signing, identity,
   * reflog, and everything else that is staged or edited untouched. On failure the files are as they were.
   *
   * In a bare repository the commit is made of its parts, and confirmed before the branch moves: nothing is ever taken
   * back there. The hooks of `git commit` are a work tree's, and do not run.
   */
  commit(request: CommitRequest): Promise<CommitResult>
  /** Writes the files to the work tree and stages them, without a commit (publish --stage; also during a merge). */
  stage(files: readonly FileWrite[]): Promise<void>

  /**
   * Brings `refs/remotes/<remote>/<branch>` up to date, and returns the remote's tip; undefined where it has no such
   * branch. Both are configured names, the branch a short one. Throws `unavailable`.
   */
  fetch(remote: string, branch: string): Promise<Oid | undefined>
  /**
   * Moves the remote's branch by compare-and-swap, never by force. `moved`: it is not where it was expected, and `tip`
   * says where. Throws `rejected` when the remote or a pre-push hook said no, with its words in `details.output`, and
   * `unavailable` when nothing can be said of the remote.
   */
  push(request: PushRequest): Promise<PushOutcome>
  /**
   * Moves the current branch, the index and the work tree from one commit to another; edits of other files stay. Throws
   * `conflict` when an edited file differs between the two (nothing is changed then), or the branch is not at `from`.
   * In a bare repository `branch` names another one than HEAD's.
   */
  advance(from: Oid | undefined, to: Oid, reason: string, branch?: string): Promise<void>
  /**
   * Makes the commits of `tip` that are not on `onto` anew on top of it, with their authors and messages, and returns the
   * last one; neither branch nor work tree are touched. Merges of what `onto` holds disappear. Throws `conflict` when a
   * file was changed on both sides.
   */
  replay(tip: Oid, onto: Oid): Promise<Oid>

  /** Where git looks for this repository's hooks, as core.hooksPath says: absolute. The folder need not exist. */
  hooksDir(): Promise<string>

  close(): Promise<void>
}

/** A file of the folder with the hooks. */
export interface HookFile {
  readonly path: string
  /** Undefined when there is none; null for what is no regular file, or cannot be text of ours. */
  readonly content: string | null | undefined
  readonly isExecutable: boolean
}

/** The hooks of a repository on disk. Throws `unavailable` when the disk says no. */
export interface HookFiles {
  readonly isBare: boolean
  /** Absolute. */
  readonly folder: string
  /** husky makes what git runs, each time anew: that calls the files of one's own which `read` gives. */
  readonly isHuskys: boolean
  read(name: string): HookFile
  /** Replaces the file whole, and makes it executable. */
  write(name: string, script: string): void
  remove(name: string): void
}

/** The clock, so that tests have one that stands still. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
}

/** A file that exists on disk, or a symbolic link or folder in place of one. */
export interface DiskEntry {
  /** Relative to the registry's root, with `/`. */
  readonly path: string
  readonly kind: 'file' | 'link' | 'other'
}

/** The registry's folder on disk. Never follows a symbolic link below the root. */
export interface WorkTree {
  /** Absolute. */
  readonly root: string
  /**
   * The bytes of a file, or undefined when there is none. Throws `invalid_prompt` for a symbolic link on the way or for
   * what is no file, and for more than 1 MiB; `unavailable` when the disk says no.
   */
  read(path: string): Uint8Array | undefined
  /** True when anything is at that path: a file, a folder or a link. */
  has(path: string): boolean
  /** Every file below `dir`, in byte order of the paths; a link is listed and not entered. */
  walk(dir: string): readonly DiskEntry[]
  /** The names in a folder, sorted; empty when there is no such folder. Throws as `read` does. */
  names(dir: string): readonly string[]
  /** True where git may leave files out of the folder. Two looks at the disk, and no git. */
  isSparse(): boolean
}

/** Values that cost time to make again, never data. No method fails: a cache that cannot be read or written is empty. */
export interface Cache {
  read(name: string): Uint8Array | undefined
  /** A part of a file; shorter than asked for at its end. */
  readRange(name: string, offset: number, length: number): Uint8Array | undefined
  /** Replaces the whole file: written beside, then renamed. */
  write(name: string, content: Uint8Array): void
  /** A file, or a folder and all that is in it. */
  remove(name: string): void
  /** The names in a folder; '' is the cache itself. */
  names(dir: string): readonly string[]
  /** In bytes, over all files. */
  size(): number
}

/** How a delivery stands. `pending` is tried again by itself, `failed` only when somebody asks for it by its id. */
export type DeliveryState = 'pending' | 'failed'

/** A delivery in the outbox. All moments are RFC 3339. */
export interface DeliveryRecord {
  readonly id: string
  readonly about: string
  /** Origin and path of the URL. */
  readonly endpoint: string
  readonly state: DeliveryState
  readonly attempts: number
  readonly created_at: string
  readonly last_attempt_at: string | null
  /** Of the last answer; null when there was none. */
  readonly status: number | null
  /** Why the last attempt failed, without anything secret; null before the first. */
  readonly reason: string | null
  /** The endpoint asked to be left alone until then: before, only who asks for it by its id has it sent. */
  readonly waits_until: string | null
}

/** What became of one delivery that was to be tried. */
export interface DeliveryOutcome {
  readonly id: string
  readonly about: string
  /** Origin and path of the URL. */
  readonly endpoint: string
  readonly delivered: boolean
  readonly status: number | null
  readonly reason: string | null
  /** False when it is not tried again by itself. */
  readonly retried: boolean
  /** RFC 3339; null but for one that was not tried, because its endpoint had asked to be left alone until then. */
  readonly waits_until: string | null
}

/** Which of the deliveries in the outbox to try. */
export interface Selection {
  /** Only these; undefined: every pending one. An id that is asked for is tried also when it has failed for good. */
  readonly ids?: readonly string[] | undefined
}

/** A range of a branch that is about to be pushed. */
export interface PushedRange {
  /** `refs/heads/main` */
  readonly ref: string
  /** Undefined when the branch is new there. */
  readonly old: Oid | undefined
  readonly new: Oid
}

/** Carries events to endpoints. Failures of an endpoint are outcomes; failures of the disk throw `unavailable`. */
export interface Notifier {
  /** False when the environment variable with the secret is not set, or empty. */
  hasSecret(secretEnv: string): boolean
  /** Resolves when every delivery is safe on the disk. One that is in the outbox already stays as it is. */
  enqueue(deliveries: readonly Delivery[]): Promise<void>
  /** What is in the outbox, oldest first. */
  list(): Promise<readonly DeliveryRecord[]>
  /** The paths of files in the outbox that made no sense, and were put aside. */
  damaged(): Promise<readonly string[]>
  /** Tries each selected delivery once, in order for each endpoint, and keeps what was not delivered. */
  deliver(selection: Selection): Promise<readonly DeliveryOutcome[]>
  /** Sends something that is not worth keeping. */
  send(delivery: Delivery): Promise<DeliveryOutcome>
  /** Starts a process that delivers what is pending and outlives this one; false where promptctl cannot start itself. */
  startBackground(): boolean
  /** Keeps a range until `forget`, so that a push that is killed half-way loses no event. */
  remember(range: PushedRange): Promise<void>
  forget(range: PushedRange): Promise<void>
  remembered(): Promise<readonly PushedRange[]>
}

/** Who says which providers to run: the user on the command line, or a file of the repository. */
export type ProviderChoice =
  | { readonly by: 'user'; readonly ids: readonly string[] }
  | { readonly by: 'file'; readonly ids: readonly string[] | undefined }

export interface EvaluationRequest {
  /** The path below the registry's root, and the bytes. */
  readonly set: PathAndBytes
  /** Who answers; undefined ids of a file: those of the test set. */
  readonly providers: ProviderChoice
  /** Where programs may be started: false over HTTP, where a file's never are. */
  readonly mayStart: boolean
  /** How many calls at once; 4 by default. */
  readonly concurrency?: number | undefined
  /** For one call; 60 s by default. */
  readonly timeoutMs?: number | undefined
  /** Ends the calls of all cases; its reason is an Error that says why. */
  readonly deadline?: AbortSignal | undefined
}

/**
 * Runs test sets. What goes wrong with one case is that case's error. Throws `invalid_config` for a test set that cannot be
 * read, `usage` for a provider that there is not, and `forbidden` for a program that may not be started.
 */
export interface Evaluator {
  evaluate(prepared: PreparedPrompt, request: EvaluationRequest): Promise<EvaluationResult>
}

/** Work on many files that needs nothing but them, in the order that they were given. */
export interface ParallelTasks {
  verdicts(contents: readonly Uint8Array[]): Promise<readonly Verdict[]>
  /** Undefined for what is no prompt. */
  packed(contents: readonly Uint8Array[]): Promise<readonly (PackedPrompt | undefined)[]>
  /** What compiling each file by itself tells. */
  strictly(files: readonly PathAndBytes[]): Promise<readonly AloneResult[]>
  leniently(files: readonly PathAndBytes[]): Promise<readonly AloneResult[]>
}

export interface PathAndBytes {
  readonly path: string
  readonly bytes: Uint8Array
}

/** The same, on as many cores as there are. */
export interface Parallel extends ParallelTasks {
  close(): Promise<void>
}
