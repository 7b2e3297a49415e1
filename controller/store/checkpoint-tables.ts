import { type Kysely, sql } from 'kysely'

/** A checkpoint: `statement` is what is signed, the rest is there to find it. */
interface CheckpointRow {
  readonly number: number
  readonly time: Date
  /** Of the statement with its signature. */
  readonly digest: string
  /** Id of the key that signed it. */
  readonly key_id: string
  /** The Checkpoint as JSON. */
  readonly statement: string
}

/** A key that signed checkpoints. */
interface CheckpointKeyRow {
  readonly key_id: string
  /** SPKI, DER in base64. */
  readonly public_key: string
}

/** The last entry of a chain that a checkpoint speaks of. */
interface CheckpointHeadRow {
  readonly proxy: string
  readonly seq: number
  readonly checkpoint: number
}

/** How far checkpoints were published at a place. */
interface CheckpointCopyRow {
  readonly place: string
  /** The newest that is there; 0 for none. */
  readonly number: number
  readonly published_at: Date | null
  /** Why the last attempt failed; null when it did not. */
  readonly failure: string | null
}

export interface CheckpointTables {
  readonly checkpoints: CheckpointRow
  readonly checkpoint_keys: CheckpointKeyRow
  readonly checkpoint_heads: CheckpointHeadRow
  readonly checkpoint_copies: CheckpointCopyRow
}

/** Makes room for checkpoints of the chains of records. */
export async function checkpointTables(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table checkpoints (
      number bigint primary key, time timestamptz not null, digest text not null,
      key_id text not null, statement text not null)`.execute(db)
  await sql`create index checkpoints_time on checkpoints (time)`.execute(db)
  await sql`
    create table checkpoint_keys (key_id text primary key, public_key text not null)`.execute(db)
  await sql`
    create table checkpoint_heads (
      proxy text primary key, seq bigint not null, checkpoint bigint not null)`.execute(db)
  await sql`
    create table checkpoint_copies (
      place text primary key, number bigint not null, published_at timestamptz, failure text)`.execute(
    db,
  )
}
