import type { FastifyRequest } from 'fastify'
import { newestIn, type Version } from '../core/ledger.js'
import type { TemplatePlace } from '../registry/delivery/templates.js'
import { readVersions } from '../registry/history.js'
import type { Expectation } from '../registry/preconditions.js'
import type { Caller } from './auth.js'
import type { ServerContext } from './context.js'
import { readableBy } from './environment.js'
import { etagOf, etagOfWrite, formatEtag, parseIfMatch } from './etag.js'
import { readShownTemplate } from './shown-template.js'

interface Conditional extends Pick<FastifyRequest, 'caller' | 'headers'> {
  readonly body: { readonly expect?: number }
}

/**
 * What If-Match and `expect` say together of a prompt in an environment. If-Match is fulfilled by the whole tag that reading
 * it there gives now, as a template or as what is live, or that the write answered which made its newest version.
 */
export async function readExpectation(
  server: ServerContext,
  { caller, headers, body: { expect } }: Conditional,
  place: TemplatePlace,
): Promise<Expectation | undefined> {
  const tags = parseIfMatch(headers['if-match'])
  if (tags === undefined || tags === 'any') return expect ?? tags
  const found = (await findTagged(server, caller, place, tags)) ?? (await findAfresh(server, caller, place, tags))
  return found === undefined || (expect ?? found.version) !== found.version ? 'none' : { commit: found.commit }
}

/** Another server may have given the tag, of what it pushed. */
async function findAfresh(server: ServerContext, caller: Caller, place: TemplatePlace, tags: ReadonlySet<string>) {
  if (!server.pushes || server.follower === undefined) return undefined
  await server.follower.refresh()
  return findTagged(server, caller, place, tags)
}

/** The newest version there, if one of its tags is among these. */
async function findTagged(
  server: ServerContext,
  caller: Caller,
  place: TemplatePlace,
  tags: ReadonlySet<string>,
): Promise<Version | undefined> {
  const { slug, environment } = place
  const { tip, snapshots } = server.source.requireLoaded()
  const newest = newestIn(await readVersions(server.source.registry, tip, slug), environment)
  if (newest === undefined) return undefined
  if (tags.has(etagOfWrite(newest.version, newest.commit))) return newest
  if (!caller.may('read', environment)) return undefined
  const live = snapshots.get(environment)?.find(slug)
  if (live?.version === newest.version && tags.has(formatEtag(live.version, live.revision))) return newest
  const shown = await readShownTemplate(server.source.registry, tip, place, readableBy(server, caller))
  return tags.has(etagOf(shown.version, JSON.stringify(shown))) ? newest : undefined
}
