import { type Kysely, sql } from 'kysely'
import type { Directory } from '../../schemas/directory.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import type { Database } from '../store/database.ts'
import { digestOf, type Standing, standingDigest } from './content-digest.ts'

/** What is in force everywhere, and its digest. */
export interface StandingInForce extends Standing {
  readonly digest: string
}

/** Reads what is in force from the store, whoever published it, by the transaction given. */
export function standingReader(): (db: Kysely<Database>) => Promise<StandingInForce> {
  let known: { readonly names: string; readonly standing: StandingInForce } | null = null
  return async db => {
    const digests = await inForceDigests(db)
    const names = digestOf(digests)
    if (known?.names === names) return known.standing
    const read = await standingOf(db, digests.tables)
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

async function standingOf(db: Kysely<Database>, digests: Digests['tables']): Promise<Standing> {
  const wanted = digests.map(([, digest]) => digest)
  const { rows } = await sql<{ digest: string; body: string }>`
    select digest, body from tables where digest = any(${wanted}::text[])`.execute(db)
  const bodies = new Map(rows.map(({ digest, body }) => [digest, body]))
  const directories = await db
    .selectFrom('directories')
    .select('body')
    .orderBy('namespace')
    .execute()
  return {
    tables: new Map(
      digests.flatMap(([namespace, digest]) => {
        const body = bodies.get(digest)
        return body === undefined ? [] : [[namespace, JSON.parse(body) as RuleTable] as const]
      }),
    ),
    directories: directories.map(({ body }) => JSON.parse(body) as Directory),
  }
}
