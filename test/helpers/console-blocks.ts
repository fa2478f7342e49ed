import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { promptctl } from './cli.js'
import type { ProcessEnv } from './repo.js'

/** A command of a `console` block, and what the document says that it prints. */
export interface ConsoleStep {
  /** Line of the document, from 1. */
  readonly line: number
  readonly command: string
  /** Lines of a here-document, which become standard input. */
  readonly input: string
  readonly output: string
  /** True for the first step below a `##` heading. */
  readonly startsSection: boolean
}

/**
 * The steps of all ```` ```console ```` blocks of a Markdown text. A line that begins with `$ ` is a command, lines that
 * begin with `> ` are its here-document, and the rest is what it prints.
 */
export function parseConsoleBlocks(markdown: string): readonly ConsoleStep[] {
  const steps: { line: number; command: string; input: string; output: string; startsSection: boolean }[] = []
  let isInside = false
  let startsSection = true
  for (const [index, line] of markdown.split('\n').entries()) {
    if (line.startsWith('## ')) startsSection = true
    if (line.startsWith('```')) {
      isInside = line === '```console'
      continue
    }
    if (!isInside) continue
    const step = steps.at(-1)
    if (line.startsWith('$ ')) {
      steps.push({ line: index + 1, command: line.slice(2), input: '', output: '', startsSection })
      startsSection = false
    } else if (step !== undefined && line.startsWith('> ') && step.output === '') {
      step.input += `${line.slice(2)}\n`
    } else if (step !== undefined) step.output += `${line}\n`
  }
  return steps.map((step) => ({ ...step, input: step.input.replace(/EOF\n$/, '') }))
}

/**
 * What two outputs may differ in is replaced: ids of 7 to 64 hex digits, and dates. A line `…` stands for any lines, `…`
 * in a line for any text.
 */
export function matchesOutput(actual: string, expected: string): boolean {
  const parts = normalise(expected.trimEnd()).split(/^…$\n?|…/m)
  const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^]*?')
  return new RegExp(`^${pattern}$`).test(normalise(actual.trimEnd()))
}

const normalise = (text: string): string =>
  text
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<date>')
    .replace(/\b(?=\w*\d)[0-9a-f]{7,64}\b/g, '<id>')
    .replace(/[ \t]+$/gm, '')

export interface Session {
  run(step: ConsoleStep): Promise<string>
}

/** A terminal of 79 columns without colours, in `folder`: promptctl runs in this process, anything else in bash. */
export function createSession(folder: string, env: ProcessEnv, nowMs: number): Session {
  let cwd = folder
  return {
    run: async ({ command, input, startsSection }) => {
      if (startsSection) cwd = folder
      const change = /^(?:mkdir (\S+) && )?cd (\S+)$/.exec(command)
      if (change !== null) {
        if (change[1] !== undefined) bash(`mkdir ${change[1]}`, cwd, env)
        cwd = resolve(cwd, change[2] ?? '')
        return ''
      }
      const words = command.startsWith('promptctl ') ? splitWords(command) : undefined
      if (words === undefined) return bash(input === '' ? command : `${command}\n${input}EOF`, cwd, env)
      const place = { dir: cwd, env: { ...env, NO_COLOR: '1' }, stdin: input, isTerminal: true, columns: 79 }
      const { stdout, stderr } = await promptctl({ ...place, now: () => nowMs }, ...words.slice(1))
      return stdout + stderr
    },
  }
}

function bash(command: string, cwd: string, env: ProcessEnv): string {
  const { stdout, stderr } = spawnSync('bash', ['-c', command], { cwd, env, encoding: 'utf8' })
  return stdout + stderr
}

/** The words of a command, its here-document's sign left out; undefined when only a shell understands it. */
function splitWords(command: string): readonly string[] | undefined {
  const plain = command.replace(/ <<'EOF'$/, '')
  const words = plain.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? []
  if (words.some((word) => /^[|<>&;]/.test(word))) return undefined
  return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double))
}
