import { PromptctlError } from '../core/errors.js'
import { defineCommand } from './command.js'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

export const completion = defineCommand<Shell, string>({
  usage: 'completion <shell>',
  summary: 'Print a completion script for bash, zsh or fish',
  examples: [
    'source <(promptctl completion bash)',
    'promptctl completion fish > ~/.config/fish/completions/promptctl.fish',
  ],
  parse: ([word]) => {
    const shell = SHELLS.find((known) => known === word)
    if (shell !== undefined) return shell
    throw new PromptctlError('usage', `completion takes ${SHELLS.join(', ')}, not ${JSON.stringify(word)}`)
  },
  run: async (shell) => {
    const { COMMANDS } = await import('./index.js')
    const commands = COMMANDS.map(({ usage, summary }) => ({ name: usage.split(' ', 1)[0] ?? usage, summary }))
    return SCRIPTS[shell](commands)
  },
  text: (script) => script,
})

type Named = readonly { readonly name: string; readonly summary: string }[]

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
const namesOf = (commands: Named): string => commands.map(({ name }) => name).join(' ')

/** Prompts are completed from the files of the default environment: `list` prints a slug first on each line. */
const SCRIPTS: Readonly<Record<Shell, (commands: Named) => string>> = {
  bash: (commands) => `_promptctl() {
  local word=\${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quote(namesOf(commands))} -- "$word"))
  elif [ "\${word#-}" = "$word" ]; then
    COMPREPLY=($(compgen -W "$(promptctl list 2>/dev/null | cut -f1)" -- "$word"))
  fi
}
complete -o default -F _promptctl promptctl
`,
  zsh: (commands) => `#compdef promptctl
_promptctl() {
  if (( CURRENT == 2 )); then
    local -a commands=(${commands.map(({ name, summary }) => quote(`${name}:${summary}`)).join(' ')})
    _describe 'command' commands
  else
    local -a prompts=(\${(f)"$(promptctl list 2>/dev/null | cut -f1)"})
    _describe 'prompt' prompts || _files
  fi
}
compdef _promptctl promptctl
`,
  fish: (commands) =>
    [
      ...commands.map(
        ({ name, summary }) => `complete -c promptctl -f -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
      ),
      "complete -c promptctl -n 'not __fish_use_subcommand' -a '(promptctl list 2>/dev/null | cut -f1)'",
      '',
    ].join('\n'),
}
