import { resolve } from 'node:path'
import { Command as Commander, CommanderError, Option } from 'commander'
import type { AnyCommand, Context, Options } from '../commands/command.js'
import { COMMAND_GROUPS, COMMANDS } from '../commands/index.js'
import { PromptctlError } from '../core/errors.js'
import type { OpenOptions } from '../open.js'
import type { Receiving } from '../registry/received.js'
import type { Registry } from '../registry/registry.js'
import { statusOfSignal } from './interrupt.js'
import { createProgress } from './progress.js'
import { reportFailure } from './report.js'
import type { Runtime } from './runtime.js'
import { createStyle, hasColour } from './style.js'
import { VERSION } from './version.js'

/** Parses `argv` (without node and the script), runs the command, prints its result; gives the exit status. */
export async function main(argv: readonly string[], runtime: Runtime): Promise<number> {
  const json = argv.includes('--json')
  const style = await createStyle({
    isTerminal: runtime.stdout.isTerminal,
    columns: runtime.stdout.columns,
    now: runtime.now(),
    colour: hasColour(runtime.env, runtime.stdout.isTerminal),
  })
  let status = 0
  const program = createProgram(argv, runtime, async (command, words, options) => {
    const session = createSession(runtime, options)
    try {
      const request = command.parse(words, options)
      const result = await command.run(request, session.context)
      const shown = json
        ? `${JSON.stringify(command.json?.(result, request) ?? result)}\n`
        : command.text(result, style, request)
      runtime.stdout.write(shown)
      await command.after?.(result, request, session.context)
      status = command.exit?.(result, request) ?? 0
    } finally {
      await session.close()
    }
  })
  try {
    await program.parseAsync(argv.length === 0 ? ['--help'] : withoutVainHelp(argv), { from: 'user' })
    return unlessInterrupted(status, runtime)
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const errorStyle = await createStyle({
      isTerminal: runtime.stderr.isTerminal,
      columns: runtime.stderr.columns,
      now: runtime.now(),
      colour: hasColour(runtime.env, runtime.stderr.isTerminal),
    })
    const status = reportFailure(
      error instanceof CommanderError ? usageError(error, argv) : error,
      runtime,
      errorStyle,
      json,
    )
    return unlessInterrupted(status, runtime)
  }
}

/** Of `help publsh`, which is as wrong as `publsh` is: commander has no words for it. */
function withoutVainHelp(argv: readonly string[]): readonly string[] {
  const [first, name] = argv
  const isVain = first === 'help' && name !== undefined && /^[a-z]/.test(name) && name !== 'help'
  return isVain && !COMMANDS.some((command) => nameOf(command) === name) ? argv.slice(1) : argv
}

/** What failed because a signal ended it says so by its status. */
function unlessInterrupted(status: number, { interrupt }: Runtime): number {
  return status !== 0 && interrupt.signal.aborted ? statusOfSignal(interrupt.signal.reason) : status
}

type Action = (command: AnyCommand, words: readonly string[], options: Options) => Promise<void>

function createProgram(argv: readonly string[], runtime: Runtime, action: Action): Commander {
  const program = new Commander('promptctl')
    .description('A prompt registry whose database is a git repository.')
    .version(VERSION, '--version')
    .option('-C <directory>', 'run as if started there')
    .option('--registry <path>', "the registry's folder, where a bare repository holds several")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => runtime.stdout.write(text),
      // A usage error is reported once, with its hint, by reportFailure.
      writeErr: () => {},
    })
    .configureHelp({
      helpWidth: Math.min(runtime.stdout.isTerminal ? runtime.stdout.columns : 100, 100),
      subcommandTerm: (command) => `${command.name()} ${command.usage().replace(/\[options\] ?/, '')}`,
    })
    .addHelpText('after', HELP_FOOT)
    .showSuggestionAfterError()
    .enablePositionalOptions()
  // Building every subcommand costs time that only --help and a mistyped name need.
  const isWanted = (command: AnyCommand): boolean => argv.includes(nameOf(command))
  const wanted = COMMANDS.some(isWanted) ? isWanted : () => true
  for (const [heading, commands] of COMMAND_GROUPS) {
    program.commandsGroup(heading)
    for (const command of commands.filter(wanted)) addCommand(program, command, action)
  }
  // Under the last heading, and not under one of its own.
  program.helpCommand(true)
  return program
}

const HELP_FOOT = `
Begin with promptctl init, then promptctl new "My first prompt".
promptctl <command> --help explains a command, with examples.
`

const nameOf = ({ usage }: AnyCommand): string => usage.split(' ', 1)[0] ?? usage

function addCommand(program: Commander, command: AnyCommand, action: Action): void {
  const subcommand = program
    .command(command.usage)
    .summary(command.summary)
    .description(`${command.summary}.`)
    .addHelpText('after', `\nExamples:\n${command.examples.map((example) => `  $ ${example}`).join('\n')}\n`)
  command.flags?.(subcommand)
  subcommand
    .option('--json', 'print the result as JSON')
    .option('-C <directory>', 'run as if started there')
    .addOption(
      new Option('--registry <path>', "the registry's folder, where a bare repository holds several").hideHelp(),
    )
    .action((...given: unknown[]) => action(command, wordsOf(given), subcommand.optsWithGlobals()))
}

/** Commander passes each declared argument, then the options, then itself; a variadic argument is a list. */
const wordsOf = (given: readonly unknown[]): readonly string[] =>
  given
    .slice(0, -2)
    .flat()
    .filter((word) => typeof word === 'string')

function createSession(runtime: Runtime, options: Options): { context: Context; close: () => Promise<void> } {
  const directory = resolve(runtime.cwd, typeof options['C'] === 'string' ? options['C'] : '.')
  let opened: Promise<Registry> | undefined
  let receiving: Promise<Receiving> | undefined
  const at = (path: string): string => (path === '-' ? path : resolve(directory, path))
  const context: Context = {
    registry: () => {
      opened ??= openLazily(runtime, directory, options)
      return opened
    },
    unattendedRegistry: (clone) => {
      opened ??= openUnattended(runtime, directory, options, clone)
      return opened
    },
    initialise: async (request) => {
      const { initialise } = await import('../open.js')
      return initialise(
        { directory, base: runtime.cwd, env: runtime.env, now: runtime.now, interrupt: runtime.interrupt },
        request,
      )
    },
    receiving: async () => {
      const { openReceiving } = await import('../open.js')
      receiving ??= openReceiving(openOptions(runtime, directory))
      return receiving
    },
    hooks: async () => {
      const { openHooks } = await import('../open.js')
      return openHooks(openOptions(runtime, directory))
    },
    program: runtime.program,
    deliverInBackground: async (root) => {
      const { openWorker } = await import('../open.js')
      await openWorker(root, runtime)
    },
    directory,
    env: runtime.env,
    isTerminal: runtime.stdout.isTerminal,
    now: runtime.now,
    readInput: (path) => runtime.readInput(at(path)),
    readFolder: (path) => runtime.readFolder(at(path)),
    isFolder: (path) => runtime.isFolder(at(path)),
    writeFile: (path, content) => runtime.writeFile(at(path), content),
    probeFile: (path) => runtime.probeFile(at(path)),
    editText: runtime.editText,
    note: (text) => runtime.stderr.write(`${text}\n`),
    print: (text) => runtime.stdout.write(text),
    untilStopped: () => runtime.interrupt.untilStopped(),
    progress: (label) => createProgress(runtime, label),
  }
  const close = async (): Promise<void> => {
    await (await opened?.catch(() => undefined))?.close()
    await (await receiving?.catch(() => undefined))?.close()
  }
  return { context, close }
}

async function openLazily(runtime: Runtime, directory: string, options: Options): Promise<Registry> {
  const { openRegistry } = await import('../open.js')
  const folder = options['registry']
  return openRegistry({
    ...openOptions(runtime, directory),
    ...(typeof folder === 'string' ? { registry: folder } : {}),
  })
}

async function openUnattended(
  runtime: Runtime,
  directory: string,
  options: Options,
  clone: { readonly url: string; readonly dir: string } | undefined,
): Promise<Registry> {
  const { openCloned, openRegistry, unattended } = await import('../open.js')
  const folder = options['registry']
  const place = {
    ...openOptions(runtime, clone === undefined ? directory : resolve(directory, clone.dir)),
    ...(typeof folder === 'string' ? { registry: folder } : {}),
    base: clone === undefined ? runtime.cwd : directory,
    env: unattended(runtime.env),
    stopped: runtime.interrupt.untilStopped(),
  }
  return clone === undefined ? openRegistry(place) : openCloned(place, clone.url)
}

const openOptions = (runtime: Runtime, directory: string): OpenOptions => ({
  directory,
  base: runtime.cwd,
  env: runtime.env,
  now: runtime.now,
  interrupt: runtime.interrupt,
  program: runtime.program,
  onHistoryProgress: createProgress(runtime, 'reading history').update,
  evaluationProgress: () => createProgress(runtime, 'evaluating'),
})

function usageError(error: CommanderError, argv: readonly string[]): PromptctlError {
  const isNameless = error.code === 'commander.help'
  const message = isNameless ? 'No command was named' : error.message.replace(/^error: /, '').replace(/\n.*/s, '')
  const suggestion = /\(Did you mean ([^)]*)\?\)/.exec(error.message)?.[1]
  const command = COMMANDS.find((known) => nameOf(known) === argv.find((word) => !word.startsWith('-')))
  const help =
    command === undefined
      ? 'promptctl --help lists the commands.'
      : `promptctl ${nameOf(command)} --help shows how it is used.`
  return new PromptctlError('usage', message, {
    hint: suggestion === undefined ? help : `Did you mean ${suggestion}?`,
    cause: error,
  })
}
