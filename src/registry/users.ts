/** Which prompts of an environment include which. */

import { readablePartialsOf } from '../core/partials.js'
import { compareBytes, formatPromptPath, PROMPTS_DIR, parsePromptPath } from '../core/paths.js'
import { type PromptDocument, promptSource, readPrompt } from '../core/prompt-reader.js'
import type { Environment, Slug } from '../core/slug.js'
import { readOrNothing } from './file-prompt.js'
import type { Oid } from './ports.js'
import type { Registry } from './registry.js'
import type { View } from './view.js'

/** The prompts in the files that a commit has of an environment, by slug. What is no prompt is left out. */
export async function readTreeDocuments(
  registry: Registry,
  commit: Oid | undefined,
  environment: Environment,
): Promise<ReadonlyMap<Slug, PromptDocument>> {
  if (commit === undefined) return new Map()
  const { repository, prefix } = await registry.git()
  const listed = await repository.listTree(commit, `${prefix}${PROMPTS_DIR}/${environment}`)
  const entries = listed.filter(({ mode }) => mode !== '120000')
  const contents = await repository.readBlobs(entries.map(({ blob }) => blob))
  const documents = new Map<Slug, PromptDocument>()
  for (const { path, blob } of entries) {
    const slug = parsePromptPath(path.slice(prefix.length))?.slug
    const bytes = contents.get(blob)
    if (slug === undefined || bytes === undefined) continue
    const { document } = readPrompt(bytes, formatPromptPath(environment, slug))
    if (document !== undefined) documents.set(slug, document)
  }
  return documents
}

/** The same of the files in a view. */
export async function readViewDocuments(
  view: View,
  environment: Environment,
): Promise<ReadonlyMap<Slug, PromptDocument>> {
  const documents = new Map<Slug, PromptDocument>()
  for (const slug of await view.slugs(environment)) {
    const raw = await readOrNothing(view, environment, slug)
    const document = raw && readPrompt(raw.bytes, raw.path).document
    if (document !== undefined) documents.set(slug, document)
  }
  return documents
}

/** By prompt: those whose files name it. */
export type Users = ReadonlyMap<Slug, readonly Slug[]>

export function directUsers(documents: ReadonlyMap<Slug, PromptDocument>): Users {
  const users = new Map<Slug, Slug[]>()
  for (const [user, document] of documents) {
    for (const partial of readablePartialsOf(promptSource(document))) {
      const known = users.get(partial)
      if (known === undefined) users.set(partial, [user])
      else known.push(user)
    }
  }
  return users
}

/** All that include a prompt, directly or not, in byte order. */
export function usersOf(direct: Users, slug: Slug): readonly Slug[] {
  const found = new Set<Slug>()
  const pending = [...(direct.get(slug) ?? [])]
  for (let user = pending.pop(); user !== undefined; user = pending.pop()) {
    if (found.has(user)) continue
    found.add(user)
    pending.push(...(direct.get(user) ?? []))
  }
  found.delete(slug)
  return [...found].sort(compareBytes)
}
