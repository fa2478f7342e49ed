import type { PromptDocument } from '../prompt-reader.js'
import type { Environment } from '../slug.js'
import { createFinding, type Finding } from './rules.js'

/** Aliases that two prompts of one environment have. Archived prompts give theirs up. */
export function checkAliases(documents: Iterable<PromptDocument>): readonly Finding[] {
  const owners = new Map<Environment, Map<string, PromptDocument>>()
  const findings: Finding[] = []
  for (const document of documents) {
    const { environment, aliases = [], state, slug } = document.prompt
    if (state === 'archived') continue
    const taken = owners.get(environment) ?? new Map<string, PromptDocument>()
    owners.set(environment, taken)
    for (const [index, alias] of aliases.entries()) {
      const owner = taken.get(alias)
      if (owner === undefined) taken.set(alias, document)
      else {
        const { file } = document.source
        const message = `the alias ${alias} of ${slug} is that of ${owner.prompt.slug} too`
        findings.push(createFinding('duplicate_alias', file, message, document.source.positionOf(['aliases', index])))
      }
    }
  }
  return findings
}
