import { type Kysely, sql } from 'kysely'
import type { Directory } from '../../schemas/directory.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import type { Database } from '../store/database.ts'
import { digestOf, type Standing, standingDigest } from './content-digest.ts'

/** What is in force everywhere, and its digest. */
export interface StandingInForce extends Standing {
  readonly digest: string
}

/** Reads what is in force from the store, whoever published it, by the transaction given; in the namespaces that are seen alone. */
export function standingReader(
  isSeen: (namespace: string) => boolean = () => true,
): (db: Kysely<Database>) => Promise<StandingInForce> {
  let known: { readonly names: string; readonly standing: StandingInForce } | null = null
  return async db => {
    const all = await inForceDigests(db)
    const digests = {
      tables: all.tables.filter(([namespace]) => isSeen(namespace)),
      directories: all.directories.filter(([namespace]) => isSeen(namespace)),
    }
    const names = digestOf(digests)
    if (known?.names === names) return known.standing
    const read = await standingOf(db, digests)
    const standing = { ...read, digest: standingDigest(read) }
    known = { names, standing }
    return standing
  }
}

interface Digests {
  readonly tables: readonly (readonly [namespace: string, digest: string])[]
  readonly directories: readonly (readonly [namespace: string, digest: string])[]
}

async function inForceDigests(db: Kysely<Database>): Promise<Digests> {
  const tables = await db
    .selectFrom('releases')
    .distinctOn('namespace')
    .select(['namespace', 'digest'])
    .orderBy('namespace')
    .orderBy('sequence', 'desc')
    .execute()
  const directories = await db
    .selectFrom('directories')
    .select(['namespace', 'digest'])
    .orderBy('namespace')
    .execute()
  return { tables: tables.map(pair), directories: directories.map(pair) }
}

function pair({ namespace, digest }: { readonly namespace: string; readonly digest: string }) {
  return [namespace, digest] as const
}

async function standingOf(db: Kysely<Database>, digests: Digests): Promise<Standing> {
  const wanted = digests.tables.map(([, digest]) => digest)
  const { rows } = await sql<{ digest: string; body: string }>`
    select digest, body from tables where digest = any(${wanted}::text[])`.execute(db)
  const bodies = new Map(rows.map(({ digest, body }) => [digest, body]))
  const directories = await db
    .selectFrom('directories')
    .select(['namespace', 'body'])
    .orderBy('namespace')
    .execute()
  const seen = new Set(digests.directories.map(([namespace]) => namespace))
  return {
    tables: new Map(
      digests.tables.flatMap(([namespace, digest]) => {
        const body = bodies.get(digest)
        return body === undefined ? [] : [[namespace, JSON.parse(body) as RuleTable] as const]
      }),
    ),
    directories: directories
      .filter(({ namespace }) => seen.has(namespace))
      .map(({ body }) => JSON.parse(body) as Directory),
  }
}
