import { type GateConfig, parseConfig } from '../core/config.js'
import { isPromptctlError, PromptctlError } from '../core/errors.js'
import { CONFIG_FILE, formatTestSetPath } from '../core/paths.js'
import type { Environment, Slug } from '../core/slug.js'
import { type Place, readFileAt } from './file-at.js'
import type { PathAndBytes } from './ports.js'
import type { Registry } from './registry.js'

/** Why a command is refused whose gate would go by what nobody has committed. */
export const NOT_REVIEWED = 'not_reviewed'

/**
 * The test set that a gate goes by: what was reviewed, and what history shows. Undefined when there is none. Throws
 * `conflict` when the work tree has another.
 */
export async function readReviewedSet(
  registry: Registry,
  place: Place | undefined,
  { slug, environment }: { readonly slug: Slug; readonly environment: Environment },
): Promise<PathAndBytes | undefined> {
  const { repository, prefix } = await registry.git()
  const path = formatTestSetPath(slug)
  const committed = place === undefined ? undefined : await readFileAt(repository, place, `${prefix}${path}`)
  const here = registry.workTree?.read(path)
  const isSame = here === undefined ? committed === undefined : committed?.blob === repository.blobId(here)
  if (
    registry.workTree !== undefined &&
    !isSame &&
    (committed === undefined || (await isEdited(registry, place, path)))
  ) {
    throw notReviewed(path, place, environment)
  }
  return committed === undefined ? undefined : { path, bytes: committed.bytes }
}

/** What a filter or a sparse checkout makes of a file is no edit: git knows. */
async function isEdited(registry: Registry, place: Place | undefined, path: string): Promise<boolean> {
  const { repository, prefix } = await registry.git()
  const found = await repository.status(`${prefix}${path}`)
  return found.some(({ staged, unstaged }) => unstaged || (staged && place !== 'index'))
}

/** Throws `conflict` when the work tree's configuration has another gate for one of these environments. */
export async function assertRulesReviewed(
  registry: Registry,
  place: Place | undefined,
  environments: ReadonlySet<Environment>,
): Promise<void> {
  if (registry.workTree === undefined || environments.size === 0) return
  const { repository, prefix } = await registry.git()
  const here = registry.workTree.read(CONFIG_FILE)
  const committed = place === undefined ? undefined : await readFileAt(repository, place, `${prefix}${CONFIG_FILE}`)
  if (here !== undefined && committed?.blob === repository.blobId(here)) return
  const [edited, reviewed] = [readGates(here), readGates(committed?.bytes)]
  for (const environment of environments) {
    if (ruleFor(edited, environment) === ruleFor(reviewed, environment)) continue
    throw notReviewed(CONFIG_FILE, place, environment)
  }
}

type Gates = ReadonlyMap<Environment, GateConfig>

/** Undefined for what cannot be read. */
function readGates(bytes: Uint8Array | undefined): Gates | undefined {
  if (bytes === undefined) return new Map()
  try {
    return parseConfig(bytes, CONFIG_FILE, { defaultName: '' }).gates
  } catch (error) {
    if (isPromptctlError(error, 'invalid_config')) return undefined
    throw error
  }
}

function ruleFor(gates: Gates | undefined, environment: Environment): string {
  if (gates === undefined) return 'unknown'
  const gate = gates.get(environment)
  return gate?.evalRequired ? JSON.stringify(gate) : 'none'
}

function notReviewed(path: string, place: Place | undefined, environment: Environment): PromptctlError {
  const [other, way] = place === 'index' ? ['the index', 'staged'] : ['HEAD', 'committed']
  return new PromptctlError(
    'conflict',
    `${path} differs from ${other}, and the gate of ${environment} goes by what is ${way}`,
    {
      hint:
        place === 'index'
          ? `Stage it first: git add ${path}`
          : `Commit it first, through review: git add ${path} && git commit`,
      details: { file: path, environment, reason: NOT_REVIEWED },
    },
  )
}
