import { PromptctlError } from '../core/errors.js'
import { visibleLine } from '../core/visible.js'
import { type AnyCommand, type Context, defineCommand } from './command.js'
import type { Candidate, KnownCommand } from './completion-candidates.js'
import { textOption } from './options.js'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

interface Request {
  readonly shell: Shell
  /** What is typed so far, where a script asks what could follow. */
  readonly line: string | undefined
}

export const completion = defineCommand<Request, string>({
  usage: 'completion <shell>',
  summary: 'Print a completion script for bash, zsh or fish',
  examples: [
    'source <(promptctl completion bash)',
    'promptctl completion fish > ~/.config/fish/completions/promptctl.fish',
  ],
  flags: (command) => {
    command.option('--candidates <line>', 'what could end that line, with its meaning: the scripts ask this')
  },
  parse: ([word], options) => {
    const shell = SHELLS.find((known) => known === word)
    if (shell !== undefined) return { shell, line: textOption(options, 'candidates') }
    throw new PromptctlError('usage', `completion takes ${SHELLS.join(', ')}, not ${JSON.stringify(word)}`)
  },
  run: async ({ shell, line }, context) =>
    line === undefined ? SCRIPTS[shell] : formatCandidates(await candidatesFor(line, context)),
  text: (result) => result,
})

/** A line each; behind a tab what it means. */
const formatCandidates = (candidates: readonly Candidate[]): string =>
  candidates.map(({ word, meaning }) => `${word}\t${visibleLine(meaning)}\n`).join('')

async function candidatesFor(line: string, { registry }: Context): Promise<readonly Candidate[]> {
  const [{ COMMANDS }, { Command }, { findCandidates }] = await Promise.all([
    import('./index.js'),
    import('commander'),
    import('./completion-candidates.js'),
  ])
  const knownOf = ({ usage, summary, flags }: AnyCommand): KnownCommand => {
    const command = new Command()
    flags?.(command)
    return { usage, summary, options: command.options }
  }
  return findCandidates(line, {
    commands: COMMANDS.map(knownOf),
    shells: SHELLS,
    prompts: async () => {
      const { listBriefly } = await import('../registry/list.js')
      const listed = await listBriefly(await registry(), { ...ANY_PROMPT, environment: undefined })
      return listed.map(({ slug, title }) => ({ word: slug, meaning: title ?? '' }))
    },
    environments: async () => (await registry()).config.environments,
  })
}

const ANY_PROMPT = { state: undefined, tag: undefined, full: false } as const

/** Each hands over the line up to the cursor. Where nothing comes back, a file's name is completed. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  // Bash takes what follows an equals sign for a word of its own.
  bash: `_promptctl() {
  local IFS=$'\\n'
  COMPREPLY=($(promptctl completion bash --candidates "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null | cut -f1))
  [[ $COMP_WORDBREAKS != *=* ]] || COMPREPLY=("\${COMPREPLY[@]#--*=}")
}
complete -o default -F _promptctl promptctl
`,
  zsh: `#compdef promptctl
_promptctl() {
  local -a candidates
  local word meaning
  while IFS=$'\\t' read -r word meaning; do
    candidates+=("\${word//:/\\\\:}\${meaning:+:$meaning}")
  done < <(promptctl completion zsh --candidates "\${(j: :)words[1,CURRENT]}" 2>/dev/null)
  (( \${#candidates} )) && _describe 'promptctl' candidates || _files
}
compdef _promptctl promptctl
`,
  fish: `complete -c promptctl -f -n __fish_use_subcommand -a '(promptctl completion fish --candidates (commandline -cp | string collect) 2>/dev/null)'
complete -c promptctl -n 'not __fish_use_subcommand' -a '(promptctl completion fish --candidates (commandline -cp | string collect) 2>/dev/null)'
`,
}
