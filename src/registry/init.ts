import { parseConfig } from '../core/config.js'
import { PromptctlError } from '../core/errors.js'
import { CONFIG_FILE } from '../core/paths.js'
import type { FileWrite, Head, Oid, Repository } from './ports.js'
import { createWorkflow } from './workflow.js'

const ATTRIBUTES = '.gitattributes'
/** A blob is the file, byte for byte: no line ending is ever converted. */
const RULE = 'prompts/** -text'

/** What a user says of a new registry. */
export interface InitOptions {
  /** In events; the folder's name by default. */
  readonly name: string | undefined
  readonly ci: InitRequest['ci']
}

export interface InitRequest {
  /** In events and in the configuration. */
  readonly name: string
  readonly prefix: string
  /** What the folder has already, by path below the root. */
  readonly existing: (path: string) => Uint8Array | undefined
  /** Also writes GitHub's workflow, which uses this action. */
  readonly ci?: { readonly action: string } | undefined
  /** True for what is there already, by path below the top of the repository. */
  readonly isTaken: (path: string) => boolean
}

export interface Initialised {
  /** Below the registry's root; the workflow below the top of the repository. */
  readonly created: readonly string[]
  readonly commit: Oid | null
  readonly changed: boolean
}

/** Writes what makes a folder a registry, in one commit. What is there already is left alone. */
export async function initRegistry(repository: Repository, request: InitRequest): Promise<Initialised> {
  const { prefix } = request
  const head = await repository.head()
  const files = createFiles(request, await sharedBranch(repository, request, head))
  if (files.length === 0) return { created: [], commit: null, changed: false }
  const dirty = await Promise.all(files.map(({ path }) => repository.status(path)))
  const edited = dirty.flat().find(({ path }) => path === `${prefix}${ATTRIBUTES}`)
  if (edited !== undefined) {
    throw new PromptctlError('conflict', `${edited.path} has uncommitted edits, and init would commit them`, {
      hint: 'Commit or restore them, then run promptctl init again.',
    })
  }
  const { commit } = await repository.commit({
    files,
    message: `init: ${request.name}\n`,
    expected: head.commit,
    verify: true,
  })
  return {
    created: files.map(({ path }) => (path.startsWith(prefix) ? path.slice(prefix.length) : path)),
    commit,
    changed: true,
  }
}

/** As branches.ts says it of a registry that is open: the configuration's, else the remote's HEAD, else the current one. */
async function sharedBranch(
  repository: Repository,
  { name, existing }: InitRequest,
  { branch }: Head,
): Promise<string | undefined> {
  const bytes = existing(CONFIG_FILE)
  const configured = bytes === undefined ? undefined : parseConfig(bytes, CONFIG_FILE, { defaultName: name }).branch
  return configured ?? (await repository.remote(branch))?.head ?? branch
}

function createFiles(
  { name, prefix, existing, ci, isTaken }: InitRequest,
  branch: string | undefined,
): readonly FileWrite[] {
  const encoder = new TextEncoder()
  const files: FileWrite[] = []
  if (existing(CONFIG_FILE) === undefined) {
    files.push({ path: `${prefix}${CONFIG_FILE}`, content: encoder.encode(formatConfig(name, branch)) })
  }
  const attributes = new TextDecoder().decode(existing(ATTRIBUTES))
  if (!attributes.split('\n').includes(RULE)) {
    const before = attributes === '' || attributes.endsWith('\n') ? attributes : `${attributes}\n`
    files.push({ path: `${prefix}${ATTRIBUTES}`, content: encoder.encode(`${before}${RULE}\n`) })
  }
  if (ci !== undefined) {
    const workflow = createWorkflow({ prefix, branch, action: ci.action })
    if (!isTaken(workflow.path)) files.push(workflow)
  }
  return files
}

const formatConfig = (name: string, branch: string | undefined): string =>
  [
    '# promptctl: every key is optional.',
    `name: ${JSON.stringify(name)}`,
    ...(branch === undefined ? [] : [`branch: ${JSON.stringify(branch)}`]),
    'environments: [development, staging, production]   # in promotion order',
    'promotion: ordered   # free, ordered or strict',
    '',
  ].join('\n')
