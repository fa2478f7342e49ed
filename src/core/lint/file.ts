import { parsePromptPath } from '../paths.js'
import { isSealed, type PromptDocument, type ReadResult } from '../prompt-reader.js'
import type { Environment } from '../slug.js'
import { createFinding, type Finding } from './rules.js'

/** What checking one file gives: findings, and the prompt when it can be read. */
export interface CheckedFile {
  readonly path: string
  readonly document: PromptDocument | undefined
  readonly findings: readonly Finding[]
}

/** Files that people keep beside prompts, and that are no prompts. */
const BYSTANDER = /(^|\/)(\.[^/]*|README(\.md)?|CODEOWNERS)$/

/** Checks what a file says by itself. `path` is relative to the registry's root; `read` is called when it is a prompt's. */
export function checkFile(path: string, read: () => ReadResult, environments: readonly Environment[]): CheckedFile {
  const where = parsePromptPath(path)
  if (where === undefined || !environments.includes(where.environment)) {
    return { path, document: undefined, findings: BYSTANDER.test(path) ? [] : [misplaced(path, environments)] }
  }
  const { document, problems } = read()
  if (document === undefined) {
    return {
      path,
      document: undefined,
      findings: problems.map((problem) => createFinding('invalid_prompt', path, problem.message, problem)),
    }
  }
  const { prompt, source, seal } = document
  const findings: Finding[] = []
  for (const key of ['slug', 'environment'] as const) {
    if (prompt[key] === where[key]) continue
    const message = `${key} is ${prompt[key]}, but the path says ${where[key]}`
    findings.push(createFinding('path_mismatch', path, message, source.positionOf([key])))
  }
  if (prompt.state === 'published' && !isSealed(prompt, seal)) {
    const command = `promptctl publish ${where.slug} --env ${where.environment}`
    const message =
      prompt.digest === undefined
        ? `published without a digest; ${command} seals it`
        : `the content is not what was published; ${command} seals it again (after a merge: with --stage)`
    findings.push(
      createFinding(
        'broken_seal',
        path,
        message,
        source.positionOf([prompt.digest === undefined ? 'state' : 'digest']),
      ),
    )
  }
  return { path, document, findings }
}

const misplaced = (path: string, environments: readonly Environment[]): Finding =>
  createFinding(
    'misplaced_file',
    path,
    `not a prompt's place: prompts/<environment>/<slug>.yaml, with an environment of ${environments.join(', ')}`,
  )

export const symlinkFinding = (path: string): Finding =>
  createFinding('symlink', path, 'a symbolic link, where a file must be')
