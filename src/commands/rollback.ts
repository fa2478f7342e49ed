import { PromptctlError } from '../core/errors.js'
import { parseReference } from '../core/reference.js'
import type { Applied } from '../registry/apply.js'
import { type RollbackRequest, type RollbackTarget, rollback as rollbackPrompts } from '../registry/rollback.js'
import { type EnvironmentRollbackRequest, rollbackEnvironment } from '../registry/rollback-environment.js'
import { appliedJson, formatApplied, noteBeside } from './applied.js'
import { defineCommand, type Options } from './command.js'
import {
  booleanOption,
  countOption,
  environmentFlag,
  environmentOption,
  expectFlag,
  pushFlag,
  textOption,
  writeFlags,
  writeOptions,
} from './options.js'

type Request =
  | { readonly kind: 'prompts'; readonly json: boolean; readonly request: RollbackRequest }
  | { readonly kind: 'environment'; readonly json: boolean; readonly request: EnvironmentRollbackRequest }

export const rollback = defineCommand<Request, Applied>({
  usage: 'rollback [prompts...]',
  summary: 'Restore an older published version, as a new commit',
  examples: [
    'promptctl rollback refund-email --env production',
    'promptctl rollback refund-email 7 --env production',
    'promptctl rollback refund-email@7 greeting@3 --env production -m "incident 118"',
    'promptctl rollback --env production --to "02:00"',
  ],
  flags: (command) => {
    command.option('--to <commit-or-time>', 'the whole environment as it was then')
    command.option('--restore', 'also what is archived or deleted; --to always does')
    command.option('--keep-edits', 'leave uncommitted edits in the work tree')
    expectFlag(environmentFlag(pushFlag(writeFlags(command))))
  },
  parse: (words, options) => {
    const to = textOption(options, 'to')
    const json = booleanOption(options, 'json')
    return to === undefined
      ? { kind: 'prompts', json, request: parsePrompts(words, options) }
      : { kind: 'environment', json, request: parseEnvironmentRollback(words, to, options) }
  },
  run: async (asked, context) => {
    const registry = await context.registry()
    const applied =
      asked.kind === 'prompts'
        ? await rollbackPrompts(registry, asked.request)
        : await rollbackEnvironment(registry, asked.request)
    return noteBeside(applied, asked, context)
  },
  text: formatApplied,
  json: (applied, asked) => appliedJson(applied, asked.kind === 'environment' || asked.request.targets.length > 1),
})

function parsePrompts(words: readonly string[], options: Options): RollbackRequest {
  return {
    ...writeOptions(options),
    targets: parseTargets(words),
    environment: environmentOption(options),
    restore: booleanOption(options, 'restore'),
    keepEdits: booleanOption(options, 'keepEdits'),
    expect: countOption(options, 'expect'),
  }
}

/** `a`, `a 7`, `a@7`, `a@7 b@3`. */
function parseTargets(words: readonly string[]): readonly RollbackTarget[] {
  const [first, second] = words
  if (first === undefined) {
    throw new PromptctlError('usage', 'Name a prompt, or a whole environment with --env and --to', {
      hint: 'promptctl rollback refund-email --env production',
    })
  }
  const target = parseReference(first)
  if (words.length === 2 && second !== undefined && /^[0-9]+$/.test(second) && target.at === undefined) {
    return [parseReference(`${first}@${second}`)]
  }
  return words.map(parseReference)
}

function parseEnvironmentRollback(words: readonly string[], to: string, options: Options): EnvironmentRollbackRequest {
  const environment = environmentOption(options)
  if (words.length > 0 || environment === undefined) {
    throw new PromptctlError('usage', '--to rolls back a whole environment, which --env names', {
      hint: 'promptctl rollback --env production --to "2 hours ago"; one prompt: promptctl rollback refund-email@7',
    })
  }
  if (options['expect'] !== undefined) {
    throw new PromptctlError(
      'usage',
      '--expect is the version of one prompt, and --to rolls back a whole environment',
      {
        hint: `Look at the plan with --dry-run first, or roll back by name: promptctl rollback <prompt> --env ${environment} --expect <version>`,
      },
    )
  }
  return { ...writeOptions(options), environment, to, keepEdits: booleanOption(options, 'keepEdits') }
}
