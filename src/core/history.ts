/** A full object id: 40 lower-case hex digits, or 64 in a sha256 repository. Made by git engines alone. */
export type Oid = string & { readonly __brand: 'Oid' }

export interface Identity {
  readonly name: string
  readonly email: string
}

/** `Ada Example <ada@example.com>`, as git writes it. */
export const formatIdentity = ({ name, email }: Identity): string => `${name} <${email}>`

/** What one commit did to one file, compared with its first parent. */
export interface FileChange {
  /** Relative to the top of the repository, with `/`. */
  readonly path: string
  /** Undefined when the commit deleted the file. */
  readonly blob: Oid | undefined
  /** `100644`, `100755`, `120000` for a symbolic link; `000000` for a deletion. */
  readonly mode: string
}

/** One commit on a first-parent history. */
export interface HistoryCommit {
  readonly commit: Oid
  readonly author: Identity
  /** Committer date, in seconds since the epoch. */
  readonly committedAt: number
  readonly subject: string
  /** Only the files under the asked-for paths, in byte order of their paths; never empty. */
  readonly changes: readonly FileChange[]
}
