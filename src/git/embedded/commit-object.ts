import type { Identity, Oid } from '../../registry/ports.js'
import { decodeText, encodingOf, readMessage } from '../commit-text.js'

/** A commit as the history walk needs it. */
export interface Commit {
  readonly oid: Oid
  readonly tree: Oid
  readonly parents: readonly Oid[]
  readonly author: Identity
  /** Seconds since the epoch. */
  readonly committedAt: number
  readonly subject: string
}

/** Reads a commit object as `git log` shows it: a part that is damaged is empty, never a reason to stop. */
export function parseCommit(oid: Oid, content: Buffer): Commit {
  const end = content.indexOf('\n\n')
  const header = end < 0 ? content : content.subarray(0, end)
  const lines = decodeText(header, encodingOf(header)).split('\n')
  const values = (key: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1))
  return {
    oid,
    tree: values('tree')[0] as Oid,
    parents: values('parent') as readonly Oid[],
    author: parsePerson(values('author')[0] ?? '').who,
    committedAt: parsePerson(values('committer')[0] ?? '').seconds,
    subject: formatSubject(readMessage(content)),
  }
}

/** `Ada Lovelace <ada@example.com> 1700000000 +0100` */
function parsePerson(text: string): { who: Identity; seconds: number } {
  const [, name = '', email = '', rest = ''] = /^([^<]*)<([^>]*)>(.*)$/.exec(text) ?? []
  return { who: { name: name.trim(), email }, seconds: Number(/\s(\d+) [+-]\d+\s*$/.exec(rest)?.[1] ?? 0) }
}

/** git's `%s`: the first paragraph on one line. */
function formatSubject(message: string): string {
  const text = message.replace(/^(?:[^\S\n]*\n)+/, '')
  const lines = text.split('\n')
  const end = lines.findIndex((line) => line.trim() === '')
  return lines
    .slice(0, end < 0 ? lines.length : end)
    .map((line) => line.trimEnd())
    .join(' ')
}

export interface NewCommit {
  readonly tree: Oid
  readonly parent: Oid | undefined
  /** `Ada Lovelace <ada@example.com> 1700000000 +0100` */
  readonly author: string
  readonly committer: string
  /** As `formatMessage` gave it. */
  readonly message: string
}

export function formatCommit({ tree, parent, author, committer, message }: NewCommit): Buffer {
  const parents = parent === undefined ? '' : `parent ${parent}\n`
  return Buffer.from(`tree ${tree}\n${parents}author ${author}\ncommitter ${committer}\n\n${message}`)
}

/** What `git commit -F` keeps of a message: no space at line ends, one empty line at a time, none at either end. */
export function formatMessage(text: string): string {
  const lines = text.split('\n').map((line) => line.replace(/[ \t\r\f\v]+$/, ''))
  const kept = lines.filter((line, index) => line !== '' || (index > 0 && lines[index - 1] !== ''))
  return `${kept.join('\n').replace(/^\n+|\n+$/g, '')}\n`
}
