import { PromptctlError } from '../core/errors.js'
import {
  assertNotWithdrawn,
  type Change,
  createChange,
  illegalTransition,
  type Moment,
} from '../core/lifecycle/change.js'
import { assertPromoted, assertSameIdentity, sealedText } from '../core/lifecycle/publish.js'
import { partialsOf } from '../core/partials.js'
import { formatPromptPath } from '../core/paths.js'
import { isSealed, type PromptDocument, parsePrompt, promptSource } from '../core/prompt-reader.js'
import { setValues } from '../core/prompt-writer.js'
import type { Environment, Slug } from '../core/slug.js'
import type { Changes } from '../core/yaml/edit.js'
import { assertAliasesFree } from './aliases.js'
import { type Applied, applyPlan, type Plan, type Planner, unchangedRecord } from './apply.js'
import { openSession, type PushableRequest } from './apply-push.js'
import { readTip } from './branches.js'
import { firstEnvironment } from './create.js'
import { readVersionsOf } from './history.js'
import { assertPartialsLive } from './partials.js'
import type { Oid } from './ports.js'
import { assertExpected, type Expectation } from './preconditions.js'
import { chooseEnvironment, type Registry } from './registry.js'
import { requireFile } from './require-file.js'
import { resolveSlug } from './resolve.js'
import { readStandings } from './standing.js'
import { planningView, type RawPrompt } from './view.js'

export interface EditRequest extends PushableRequest {
  readonly name: string
  readonly environment: Environment | undefined
  /** The whole file as the user left it in an editor; or only the values to set. */
  readonly edit: { readonly text: string } | { readonly values: Changes }
  readonly publish: boolean
  readonly expect: Expectation | undefined
}

/** The file that `edit` opens. */
export async function readForEdit(
  registry: Registry,
  name: string,
  flag: Environment | undefined,
): Promise<{ slug: Slug; environment: Environment; text: string; path: string }> {
  const environment = chooseEnvironment(registry, flag)
  const slug = await resolveSlug(registry, name, { deleted: true })
  const path = formatPromptPath(environment, slug)
  const head = await readTip(registry)
  const { bytes } = await requireFile(registry, await planningView(registry, head), head, { slug, environment })
  return { slug, environment, path, text: new TextDecoder().decode(bytes) }
}

/** Commits new content: as a draft, or published at once. */
export async function edit(opened: Registry, request: EditRequest): Promise<Applied> {
  const { registry, session } = await openSession(opened, request)
  const slug = await resolveSlug(registry, request.name, { deleted: true })
  const plan: Planner = (current, head, moment) => {
    const environment = chooseTarget(current, slug, request)
    return planEdit(current, head, moment, { ...request, slug, environment })
  }
  return applyPlan(registry, plan, { ...request, verb: 'edit', session })
}

/** Throws `illegal_transition` where a draft has no place. */
function chooseTarget(registry: Registry, slug: Slug, request: EditRequest): Environment {
  const environment = chooseEnvironment(registry, request.environment)
  const first = firstEnvironment(registry)
  if (environment === first || request.publish) return environment
  throw illegalTransition(
    { slug, environment },
    `A draft of ${slug} cannot lie over what is published in ${environment}`,
    `Edit it in ${first} and promote it, or publish at once with --publish.`,
  )
}

async function planEdit(
  registry: Registry,
  head: Oid | undefined,
  moment: Moment,
  request: EditRequest & { slug: Slug; environment: Environment },
): Promise<Plan> {
  const { slug, environment } = request
  const versions = await readVersionsOf(registry, head, [slug])
  const [standing] = await readStandings(registry, head, [{ slug, environment }], () => versions.get(slug) ?? [])
  if (standing === undefined) throw new Error(`${slug} has no standing`)
  assertExpected(standing, request.expect)
  const file = await requireFile(registry, await planningView(registry, head), head, { slug, environment })
  assertNotWithdrawn(standing, false, `publish ${slug} --env ${environment}`)
  const document = applyEdit(file, request.edit)
  assertSameIdentity(standing, document)
  // What new refuses, edit does too: a template that cannot be parsed.
  partialsOf(promptSource(document))
  if (document.prompt.state === 'archived') {
    throw illegalTransition(standing, `edit cannot archive ${slug}`, `promptctl archive ${slug} --env ${environment}`)
  }
  const isDone = !request.publish || (document.prompt.state === 'published' && isSealed(document.prompt, document.seal))
  if (isDone && document.source.text === standing.head?.source.text) {
    return { changes: [], unchanged: [unchangedRecord(standing)], skipped: [], versions }
  }
  if (request.publish) assertPromoted(standing, document.seal, registry.config)
  const change: Change = request.publish
    ? createChange(standing, document, {
        action: 'published',
        state: 'published',
        content: sealedText(document, moment, standing),
      })
    : createChange(standing, document, {
        action: 'edited',
        state: 'draft',
        content: setValues(document.source, { state: 'draft' }),
      })
  await assertAliasesFree(registry, head, environment, [change])
  await assertPartialsLive(registry, head, environment, { changes: [change], skipped: [] })
  return { changes: [change], unchanged: [], skipped: [], versions }
}

function applyEdit({ bytes, path }: RawPrompt, edit: EditRequest['edit']): PromptDocument {
  if ('text' in edit) return parsePrompt(edit.text, path)
  const { prompt, source } = parsePrompt(bytes, path)
  const { values } = edit
  if (prompt.messages !== undefined && 'template' in values && !('messages' in values)) {
    throw new PromptctlError('usage', `${prompt.slug} is a chat prompt: it has messages in place of a template`, {
      hint: `promptctl edit ${prompt.slug} --env ${prompt.environment} opens them in $EDITOR.`,
      details: { slug: prompt.slug, environment: prompt.environment },
    })
  }
  return parsePrompt(setValues(source, values), path)
}
