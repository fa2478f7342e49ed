import type { Oid, PushOutcome, PushRequest } from '../../registry/ports.js'
import type { Parts } from './parts.js'
import { needsGit } from './refusals.js'

export async function fetchBranch(_parts: Parts, _remote: string, _branch: string): Promise<Oid | undefined> {
  throw needsGit('fetch')
}

export async function pushBranch(_parts: Parts, _request: PushRequest): Promise<PushOutcome> {
  throw needsGit('push')
}
