import { CONFIG_FILE } from '../core/paths.js'
import { readMoves } from '../registry/ledger/moves.js'
import type { ServerContext } from './context.js'
import type { Loaded, Move } from './source.js'

/** Numbers that one line of the log names. */
const MOST_NUMBERS = 10

/** Tells the log what became of each move of the branch: what is invalid now, what was renumbered, a changed configuration. */
export function reportMoves(server: ServerContext): () => void {
  return server.source.onMove((move) => {
    reportInvalid(server, move)
    reportHistory(server, move).catch((error: unknown) => server.health.failed('load', error))
  })
}

function reportInvalid({ log }: ServerContext, { before, after }: Move): void {
  const { tip: commit, snapshots } = after
  log.write('info', 'serving', {
    commit,
    prompts: Object.fromEntries([...snapshots].map(([name, { size }]) => [name, size])),
  })
  for (const [environment, { invalid, unknown }] of snapshots) {
    const known = new Set(before?.snapshots.get(environment)?.invalid)
    for (const slug of invalid) {
      if (known.has(slug)) continue
      log.write('warn', 'a prompt is invalid, so the version before goes on being served', {
        commit,
        environment,
        slug,
      })
    }
    if (unknown.length > 0 && before === undefined) {
      const hint = 'git fetch --unshallow'
      log.write('warn', 'a shallow clone does not tell what is live of some prompts', {
        environment,
        slugs: unknown,
        hint,
      })
    }
  }
}

async function reportHistory({ log, metrics, source }: ServerContext, { before, after }: Move): Promise<void> {
  const { repository, prefix, cache } = await source.registry.git()
  const moves = readMoves(cache)
  const numbers = moves.slice(0, MOST_NUMBERS).map(({ slug, version }) => `${slug}@${version}`)
  const moved = moves.length === 0 ? {} : { moved: moves.length, numbers }
  if (before === undefined) {
    const hint = 'promptctl doctor tells more, promptctl cache clear forgets this'
    if (moves.length > 0) {
      log.write('warn', 'the history was rewritten, and version numbers moved', { code: 'renumbers', ...moved, hint })
    }
    return
  }
  if (!(await repository.isOnChain(before.tip, after.tip))) {
    metrics.rewrites.inc()
    log.write('warn', 'the history was rewritten, and version numbers may have moved', {
      code: 'renumbers',
      before: before.tip,
      commit: after.tip,
      ...moved,
    })
  }
  const blobAt = async ({ tip }: Loaded) => (await repository.entriesAt(tip, [`${prefix}${CONFIG_FILE}`]))[0]?.blob
  if ((await blobAt(before)) !== (await blobAt(after))) {
    log.write(
      'warn',
      `${CONFIG_FILE} changed: writes obey it now, and what is served does when the server is started again`,
      { commit: after.tip },
    )
  }
}
