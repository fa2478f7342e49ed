import type { Command as Commander } from 'commander'
import type { Initialised, InitOptions } from '../registry/init.js'
import type { HookFiles } from '../registry/ports.js'
import type { Receiving } from '../registry/received.js'
import type { Registry } from '../registry/registry.js'

/** Paints text for a terminal, or leaves it alone in a pipe. */
export interface Style {
  readonly isTerminal: boolean
  /** Of the terminal; unbounded in a pipe. */
  readonly columns: number
  /** Milliseconds since the epoch, for "2 hours ago". */
  readonly now: number
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  blue(text: string): string
  magenta(text: string): string
  cyan(text: string): string
  /** Reversed colours: the words of a line that changed. */
  marked(text: string): string
  /** Aligned columns on a terminal, under a header if there is one; in a pipe a line a row, cells separated by tabs. */
  table(header: readonly string[], rows: readonly (readonly string[])[], yields?: readonly Yielding[]): string
}

/** A column that gives up room where a terminal is too narrow; of several, in turn. */
export interface Yielding {
  readonly column: number
  /** How narrow it may become; 0: it is left out. */
  readonly narrowest: number
  /** So many characters at the end of a cell are not cut: what a name is told by. */
  readonly keepEnd?: number
}

/** A bar or counter on standard error; nothing in a pipe, and nothing for what takes less than a second. */
export interface Progress {
  update(done: number, total?: number): void
  end(): void
}

/** A file below a folder, by its path in it; a symbolic link has no bytes. */
export interface FolderFile {
  readonly path: string
  readonly bytes: Uint8Array | undefined
}

/** What a command may touch besides its arguments. */
export interface Context {
  /** Opened on first use, so that --help works anywhere. */
  registry(): Promise<Registry>
  /** As `registry`, for who runs unattended: in place of where the command was started, in a bare clone of an address. */
  unattendedRegistry(clone: { readonly url: string; readonly dir: string } | undefined): Promise<Registry>
  /** Makes the directory a registry, and a git repository where it is none. */
  initialise(options: InitOptions): Promise<Initialised>
  /** The repository as one that others push to, which need not hold a registry. */
  receiving(): Promise<Receiving>
  /** The hooks of the repository, which need not hold a registry yet. */
  hooks(): Promise<HookFiles>
  /** The command line that starts promptctl again; undefined where there is none. */
  readonly program: readonly string[] | undefined
  /** Delivers what is pending in a repository whose state is in that folder: what the background process does. */
  deliverInBackground(root: string): Promise<void>
  /** Where the command was started, or what -C says: absolute. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether a person reads the result, on a terminal: for what takes time and says nothing to a program. */
  readonly isTerminal: boolean
  now(): number
  /** The bytes of a file, or of standard input for `-`. Throws `not_found`. */
  readInput(path: string): Promise<Uint8Array>
  /** Every file below a folder. */
  readFolder(path: string): Promise<readonly FolderFile[]>
  isFolder(path: string): boolean
  writeFile(path: string, content: string): void
  /** Throws what writeFile would: before work whose result would be lost. */
  probeFile(path: string): void
  /** Uses the text as the user leaves it in $VISUAL or $EDITOR, and loses it only when that succeeds; `name` is the file's name. */
  editText<T>(text: string, name: string, use: (edited: string) => Promise<T>): Promise<T>
  /** Says something beside the result, on standard error. */
  note(text: string): void
  /** Writes to standard output before there is a result: what a command that goes on for long has to say. */
  print(text: string): void
  /**
   * Aborted by Ctrl-C and SIGTERM, which from the first call on end nothing by themselves; the second one ends the process.
   */
  untilStopped(): AbortSignal
  progress(label: string): Progress
}

export type Options = Readonly<Record<string, unknown>>

/** A subcommand as one readable object: what it takes, what it does, and how its result is shown. */
export interface CommandDefinition<Request, Result> {
  /** `show <prompt>`: the name, then the arguments as commander writes them. */
  readonly usage: string
  /** At most 60 characters. */
  readonly summary: string
  readonly examples: readonly string[]
  readonly flags?: (command: Commander) => void
  /** Checks the words; after it no string is "maybe a slug". Throws `usage`. */
  readonly parse: (words: readonly string[], options: Options) => Request
  /** Does it, and returns plain data. */
  readonly run: (request: Request, context: Context) => Promise<Result>
  /** Exactly what is printed. Pure. */
  readonly text: (result: Result, style: Style, request: Request) => string
  /** What --json prints, where that is not the result itself. */
  readonly json?: (result: Result, request: Request) => unknown
  /** What is left to do when the result is printed: where it fails, the result is not lost. */
  readonly after?: (result: Result, request: Request, context: Context) => Promise<void>
  /** The exit status of a check that ran and found something. */
  readonly exit?: (result: Result, request: Request) => number
}

/** A command whose types are closed, as the list of commands holds it. */
export type AnyCommand = CommandDefinition<unknown, unknown>

/** Keeps the types of one command together. */
export const defineCommand = <Request, Result>(definition: CommandDefinition<Request, Result>): AnyCommand =>
  definition as AnyCommand
