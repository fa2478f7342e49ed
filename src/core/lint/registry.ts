import type { PromptDocument } from '../prompt-reader.js'
import type { Environment } from '../slug.js'
import { createFinding, type Finding } from './rules.js'

/**
 * Aliases that two prompts of one environment have, and those that are another one's slug or id. Archived prompts give their
 * aliases up, and never their slug.
 */
export function checkAliases(documents: Iterable<PromptDocument>): readonly Finding[] {
  const all = [...documents]
  const owners = new Map<Environment, Map<string, PromptDocument>>()
  for (const document of all) {
    const { environment, slug, id } = document.prompt
    const taken = owners.get(environment) ?? new Map<string, PromptDocument>()
    owners.set(environment, taken.set(slug, document).set(id, document))
  }
  return all.flatMap((document) => checkDocument(document, owners.get(document.prompt.environment) ?? new Map()))
}

function checkDocument(document: PromptDocument, taken: Map<string, PromptDocument>): readonly Finding[] {
  const { aliases = [], state, slug } = document.prompt
  if (state === 'archived') return []
  return aliases.flatMap((alias, index) => {
    const owner = taken.get(alias)?.prompt
    if (owner === undefined) taken.set(alias, document)
    if (owner === undefined || owner.slug === slug) return []
    const whose = owner.slug === alias || owner.id === alias ? 'names' : 'is that of'
    const message = `the alias ${alias} of ${slug} ${whose} ${owner.slug} too`
    const position = document.source.positionOf(['aliases', index])
    return createFinding('duplicate_alias', document.source.file, message, position)
  })
}
