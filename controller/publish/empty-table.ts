import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { noPolicies } from '../../policy/decide/no-policies.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { Publishable } from './releases.ts'

/** The table that knows nobody and so allows nothing: what a namespace gets when all of it was removed. */
export function emptyTable(namespace: string): Publishable {
  const json = canonicalize(noPolicies(namespace)) ?? ''
  return { json, digest: `sha256:${createHash('sha256').update(json).digest('hex')}` }
}

/** The directory that goes with it: nobody may decide. */
export function emptyDirectory(namespace: string): Directory {
  return {
    namespace,
    table: emptyTable(namespace).digest,
    users: [],
    teams: [],
    workflows: [],
    channels: [],
    providers: [],
  }
}
