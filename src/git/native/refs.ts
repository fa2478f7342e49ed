import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PromptctlError } from '../../core/errors.js'
import type { Head, Oid } from '../../registry/ports.js'
import { diskError, hasCode, isMissing } from '../disk.js'
import type { Location } from './location.js'
import { type GitContext, runRead } from './process.js'

const OID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
/** Names that are their own file name, so that looking at the file is what git does. */
const PLAIN_REF =
  /^refs\/(?:heads|remotes)\/(?!.*(?:\.\.|\/\/|@\{|\.lock(?:\/|$)|\/\.|[\0-\x20\x7f~^:?*[\\]))[^/].*[^/.]$/
const MAX_REVISION = 4096

/**
 * References. Branches are looked up where git keeps them, in loose files and then packed-refs, because that is two file
 * reads in place of a process; what is not a plain name in that store (reftable, links, tags) is left to git.
 */
export class RefReader {
  readonly #context: GitContext
  readonly #location: Location
  readonly #isFiles: boolean

  constructor(context: GitContext, location: Location) {
    this.#context = context
    this.#location = location
    this.#isFiles = !existsSync(join(location.commonDir, 'reftable'))
  }

  async head(): Promise<Head> {
    const text = this.#isFiles ? readIfThere(join(this.#location.gitDir, 'HEAD')) : undefined
    const name = text === undefined ? undefined : /^ref: (refs\/heads\/.+)\n?$/.exec(text)?.[1]
    if (text !== undefined && OID.test(text.trim())) return { branch: undefined, commit: text.trim() as Oid }
    if (name === undefined || !PLAIN_REF.test(name)) return this.#askHead()
    const target = this.#lookUp(name)
    return target === 'elsewhere' ? this.#askHead() : { branch: shortName(name), commit: target }
  }

  async readRef(name: string): Promise<Oid | undefined> {
    if (!name.startsWith('refs/')) return undefined
    if (this.#isFiles && PLAIN_REF.test(name)) {
      const target = this.#lookUp(name)
      if (target !== 'elsewhere') return target
    }
    return this.resolve(name)
  }

  /** The commit that any text names. It is one argument behind --end-of-options, and only hex is taken from the answer. */
  async resolve(revision: string): Promise<Oid | undefined> {
    if (revision === '' || revision.length > MAX_REVISION || revision.includes('\0')) return undefined
    const args = ['rev-parse', '--quiet', '--verify', '--end-of-options', `${revision}^{commit}`]
    const answer = (await runRead(this.#context, args)).stdout.toString('latin1').trim()
    return OID.test(answer) ? (answer as Oid) : undefined
  }

  /** The branch that `refs/remotes/<remote>/HEAD` names, without the remote. */
  async remoteHead(remote: string): Promise<string | undefined> {
    const prefix = `refs/remotes/${remote}/`
    const text = this.#isFiles
      ? readIfThere(join(this.#location.commonDir, prefix, 'HEAD'))
      : `ref: ${(await runRead(this.#context, ['symbolic-ref', '-q', `${prefix}HEAD`])).stdout.toString('utf8')}`
    const target = text === undefined ? undefined : /^ref: (.+)\n?$/.exec(text)?.[1]
    return target?.startsWith(prefix) ? target.slice(prefix.length) : undefined
  }

  /** A failed look is never "no commit": that would make a second root. Undefined only when nothing has the name. */
  #lookUp(name: string): Oid | undefined | 'elsewhere' {
    const loose = readIfThere(join(this.#location.commonDir, name))
    if (loose !== undefined) {
      const value = loose.trim()
      if (OID.test(value)) return value as Oid
      if (value.startsWith('ref: ')) return 'elsewhere'
      throw new PromptctlError('unavailable', `The reference ${name} is damaged`, { hint: 'Run git fsck.' })
    }
    const packed = readIfThere(join(this.#location.commonDir, 'packed-refs'))
    return packed === undefined ? undefined : findPacked(packed, name)
  }

  async #askHead(): Promise<Head> {
    const [symbolic, commit] = await Promise.all([
      runRead(this.#context, ['symbolic-ref', '-q', 'HEAD']),
      this.resolve('HEAD'),
    ])
    const name = symbolic.stdout.toString('utf8').trim()
    return { branch: name === '' ? undefined : shortName(name), commit }
  }
}

const shortName = (name: string): string => name.replace(/^refs\/heads\//, '')

/** A line of packed-refs: `<id> <name>`; comments begin with `#`, peeled tags with `^`. */
function findPacked(text: string, name: string): Oid | undefined {
  const end = text.indexOf(` ${name}\n`)
  if (end === -1) return undefined
  const id = text.slice(text.lastIndexOf('\n', end) + 1, end)
  return OID.test(id) ? (id as Oid) : undefined
}

/** A folder in place of the file is no file: `refs/heads/a` while `refs/heads/a/b` exists. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error) || hasCode(error, 'EISDIR')) return undefined
    throw diskError(error, path)
  }
}
