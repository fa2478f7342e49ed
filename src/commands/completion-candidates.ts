/** What could follow on a command line. */

/** A word that could stand there, and what it means. */
export interface Candidate {
  readonly word: string
  readonly meaning: string
}

export interface KnownOption {
  /** As commander writes them: `-e, --env <environment>`. */
  readonly flags: string
  readonly description: string
}

export interface KnownCommand {
  /** `diff [prompt] [a] [b]` */
  readonly usage: string
  readonly summary: string
  readonly options: readonly KnownOption[]
}

/** What is asked when it is needed: opening a registry takes time. */
export interface Known {
  readonly commands: readonly KnownCommand[]
  readonly shells: readonly string[]
  prompts(): Promise<readonly Candidate[]>
  environments(): Promise<readonly string[]>
}

/** Before the command, and behind it. */
const COMMON: readonly KnownOption[] = [
  { flags: '-C <directory>', description: 'run as if started there' },
  { flags: '--registry <path>', description: "the registry's folder" },
  { flags: '--help', description: 'how it is used' },
]
const JSON_OPTION: KnownOption = { flags: '--json', description: 'print the result as JSON' }

/** The candidates for the last word of a line, which may be empty. None where a file's name, or anything else, could stand. */
export async function findCandidates(line: string, known: Known): Promise<readonly Candidate[]> {
  const words = line.trimStart().split(/\s+/).slice(1)
  const last = words.pop() ?? ''
  const { command, operands, pending } = readWords(words, known.commands)
  const options = command === undefined ? COMMON : [...command.options, JSON_OPTION, ...COMMON]
  const [name, value] = splitOption(last)
  if (pending !== undefined) return startingWith(last, await valuesOf(pending, known))
  if (value !== undefined) {
    const values = await valuesOf(
      options.find((option) => hasName(option, name)),
      known,
    )
    return startingWith(
      last,
      values.map(({ word, meaning }) => ({ word: `${name}=${word}`, meaning })),
    )
  }
  if (last.startsWith('-')) return startingWith(last, options.map(candidateOf))
  if (command !== undefined) return startingWith(last, await operandsOf(command, operands, known))
  return startingWith(
    last,
    known.commands.map(({ usage, summary }) => ({ word: nameOf(usage), meaning: summary })),
  )
}

interface Read {
  readonly command: KnownCommand | undefined
  /** How many words stand behind the command that are no options. */
  readonly operands: number
  /** The option whose value comes next. */
  readonly pending: KnownOption | undefined
}

function readWords(words: readonly string[], commands: readonly KnownCommand[]): Read {
  let [command, operands, pending]: [Read['command'], number, Read['pending']] = [undefined, 0, undefined]
  for (const word of words) {
    if (pending !== undefined) pending = undefined
    else if (word.startsWith('-')) {
      const option = [...(command?.options ?? []), ...COMMON].find((each) => hasName(each, word))
      pending = option !== undefined && takesValue(option) ? option : undefined
    } else if (command === undefined) command = commands.find(({ usage }) => nameOf(usage) === word) ?? unknown(word)
    else operands += 1
  }
  return { command, operands, pending }
}

const unknown = (usage: string): KnownCommand => ({ usage, summary: '', options: [] })

const nameOf = (usage: string): string => usage.split(' ', 1)[0] ?? usage
const namesOf = ({ flags }: KnownOption): readonly string[] => flags.match(/(?<![\w-])-[\w-]+/g) ?? []
const hasName = (option: KnownOption, name: string): boolean => namesOf(option).includes(name)
const takesValue = ({ flags }: KnownOption): boolean => /[<[]/.test(flags)

const candidateOf = (option: KnownOption): Candidate => ({
  word: namesOf(option).at(-1) ?? '',
  meaning: option.description,
})

/** `--env=st` in two. */
function splitOption(word: string): readonly [name: string, value: string | undefined] {
  const mark = word.startsWith('--') ? word.indexOf('=') : -1
  return mark === -1 ? [word, undefined] : [word.slice(0, mark), word.slice(mark + 1)]
}

const startingWith = (start: string, candidates: readonly Candidate[]): readonly Candidate[] =>
  candidates.filter(({ word }) => word.startsWith(start))

const plain = (words: readonly string[]): readonly Candidate[] => words.map((word) => ({ word, meaning: '' }))

const valuesOf = async (option: KnownOption | undefined, { environments }: Known): Promise<readonly Candidate[]> =>
  option?.flags.includes('<environment>') ? plain(await environments()) : []

/** By the name of the argument in the usage; the last one may stand for many. */
async function operandsOf({ usage }: KnownCommand, index: number, known: Known): Promise<readonly Candidate[]> {
  const names = usage.split(' ').slice(1)
  const name = names[index] ?? (names.at(-1)?.includes('...') ? names.at(-1) : undefined)
  if (name === undefined) return []
  if (/^[<[]prompts?\b/.test(name)) return known.prompts()
  if (name === '[a]' || name === '[b]') return plain(await known.environments())
  return name === '<shell>' ? plain(known.shells) : []
}
