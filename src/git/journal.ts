import { randomBytes } from 'node:crypto'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tryParseJson } from '../core/json.js'
import type { Oid } from '../registry/ports.js'
import { isMissing, makeFolder, onDisk, tidy } from './disk.js'
import { currentProcess, isProcessIdentity, type ProcessIdentity } from './process-identity.js'

/** What was at a path before a write. */
export type Original =
  /** The name in the scratch directory under which the file itself was kept: putting it back needs no disk space. */
  | { readonly kept: string }
  /** A symbolic link, and where it pointed. */
  | { readonly link: string }

export interface JournalFile {
  readonly path: string
  /** The blob id of what was written. */
  readonly written: Oid
  /** Null when there was nothing. */
  readonly original: Original | null
}

/** What one write changes in the work tree, and how to undo it. */
export interface Journal {
  readonly process: ProcessIdentity
  readonly files: readonly JournalFile[]
  /** Folders that the write makes, outermost first. */
  readonly folders: readonly string[]
}

/** `<gitDir>/promptctl/pending-<pid>-<random>/`: one write's journal and temporary files. */
export interface Scratch {
  readonly dir: string
  /** An empty journal of this process. */
  readonly journal: Journal
  /** True while its journal is all that can put the files back: removing it is then recovery's task. */
  isNeeded: boolean
  path(name: string): string
  /** Does nothing while it is needed; what the disk keeps is removed by recovery. */
  remove(): Promise<void>
}

const JOURNAL = 'journal.json'
const PREFIX = 'pending-'

export const scratchRoot = (gitDir: string): string => join(gitDir, 'promptctl')

/** Makes a directory for one write. Throws `unavailable`. */
export async function openScratch(gitDir: string): Promise<Scratch> {
  const owner = currentProcess()
  const dir = join(scratchRoot(gitDir), `${PREFIX}${owner.pid}-${randomBytes(6).toString('hex')}`)
  await onDisk(dir, async () => makeFolder(dir))
  const scratch: Scratch = {
    dir,
    journal: { process: owner, files: [], folders: [] },
    isNeeded: false,
    path: (name) => join(dir, name),
    remove: async () => {
      if (!scratch.isNeeded) await tidy(() => rm(dir, { recursive: true, force: true }))
    },
  }
  return scratch
}

/** The scratch directories that are there, with the journals of those that got as far as to have one. */
export async function listScratches(gitDir: string): Promise<readonly { dir: string; journal: Journal | undefined }[]> {
  const root = scratchRoot(gitDir)
  const names = await readdir(root).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  const dirs = names.filter((name) => name.startsWith(PREFIX)).map((name) => join(root, name))
  return Promise.all(dirs.map(async (dir) => ({ dir, journal: await readJournal(dir) })))
}

/** Which pid made a scratch directory, by its name. */
export const scratchPid = (dir: string): number => Number(/pending-(\d+)-[0-9a-f]+$/.exec(dir)?.[1] ?? 0)

/** Writes the journal in one step. It is whole after a crash of the process; after a power cut it may be missing. */
export async function writeJournal(dir: string, journal: Journal): Promise<void> {
  const temporary = join(dir, `${JOURNAL}.new`)
  await writeFile(temporary, JSON.stringify(journal))
  await rename(temporary, join(dir, JOURNAL))
}

async function readJournal(dir: string): Promise<Journal | undefined> {
  let text: string
  try {
    text = await readFile(join(dir, JOURNAL), 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  return parseJournal(text)
}

function parseJournal(text: string): Journal | undefined {
  const journal = tryParseJson(text) as Partial<Journal> | null | undefined
  return isProcessIdentity(journal?.process) ? (journal as Journal) : undefined
}
