import { PromptctlError } from '../../core/errors.js'
import type { CommitRequest } from '../../registry/ports.js'
import { inParallel } from '../parallel.js'
import { toBytePath } from './byte-path.js'
import { formatCommit, formatMessage } from './commit-object.js'
import { findCommitter, findIdentity, formatIdentity } from './identity.js'
import type { StagedFile } from './index-change.js'
import type { Parts } from './parts.js'
import type { ReflogLine } from './reflog.js'
import { isHead } from './refs.js'
import { replaceFiles } from './tree.js'

/** Stores the blobs of a request; nothing names them yet. */
export async function storeBlobs(
  { objects }: Parts,
  { files, keepEdits = [] }: Pick<CommitRequest, 'files' | 'keepEdits'>,
): Promise<readonly StagedFile[]> {
  return inParallel(files, async ({ path, content }) => {
    return { path, blob: await objects.write('blob', content), isOnDisk: !keepEdits.includes(path) }
  })
}

/**
 * Stores the trees and the commit, and returns how the branch `name` is to move. Throws `conflict` when nothing would
 * change, `unavailable` when nobody is configured as author.
 */
export async function storeCommit(
  { config, env, graph, objects, refs, trees }: Parts,
  { expected, message, author: by }: CommitRequest,
  name: string,
  staged: readonly StagedFile[],
): Promise<ReflogLine> {
  const text = formatMessage(message)
  if (text === '\n') throw new PromptctlError('usage', 'A commit needs a message')
  const now = Date.now()
  const author = formatIdentity(by ?? findIdentity(config(), env, 'author'), env, 'author', now)
  const committer = formatIdentity(findCommitter(config(), env, by), env, 'committer', now)
  const files = staged.map(({ path, blob }) => ({ path: toBytePath(path), blob }))
  const before = expected && (await graph.commit(expected)).tree
  const tree = await replaceFiles(trees, before, files)
  if (tree === before) {
    const paths = staged.map(({ path }) => path)
    throw new PromptctlError(
      'conflict',
      `Nothing to commit: HEAD has these files already (${paths.slice(0, 5).join(', ')})`,
      {
        details: { paths },
      },
    )
  }
  const content = formatCommit({ tree, parent: expected, author, committer, message: text })
  const after = await objects.write('commit', content)
  const subject = text.slice(0, text.indexOf('\n'))
  const reason = `commit${expected === undefined ? ' (initial)' : ''}: ${subject}`
  return { name, isHead: isHead(refs, name), before: expected, after, committer, reason }
}
