import { createHash } from 'node:crypto'
import { SignJWT } from 'jose'
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { RuleTable } from '../../schemas/rule-table.ts'
import { type RuntimeClaims, runtimeTokenForm, tokenKeyName } from '../../schemas/runtime-claims.ts'
import type { MadeRuntimeToken, RevocationList, RuntimeToken } from '../../schemas/runtime-token.ts'
import { newId } from '../approvals/request-id.ts'
import type { Releases } from '../publish/releases.ts'
import type { SigningKey } from '../publish/signing-key.ts'
import type { Database } from '../store/database.ts'
import type { RuntimeTokenRow } from '../store/token-tables.ts'

export interface RuntimeTokensNeeds {
  readonly db: Kysely<Database>
  readonly key: SigningKey
  readonly releases: Pick<Releases, 'current' | 'body'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** A token that somebody may have. */
export interface WantedToken {
  readonly namespace: string
  readonly agent: string
  readonly ttlSeconds: number
  readonly session?: string
  /** Who asks for it, as the record names people. */
  readonly by: string
}

/** Why there is none. */
export type TokenRefusal = 'unknown_agent' | 'too_many_tokens'

/** Tokens that are good at once in a namespace. */
const mostTokens = 10_000
const forgottenAfterMs = 30 * 86_400_000

/** Tokens by which runtimes call as an agent for a while: made, remembered without their text, revoked. */
export class RuntimeTokens {
  readonly #needs: RuntimeTokensNeeds
  readonly #listeners = new Set<(namespace: string) => void>()

  constructor(needs: RuntimeTokensNeeds) {
    this.#needs = needs
  }

  /** Makes a token for an agent that is in force; this answer alone holds its text. */
  async make(wanted: WantedToken): Promise<MadeRuntimeToken | TokenRefusal> {
    const { db, now } = this.#needs
    const { namespace, agent, ttlSeconds, session, by } = wanted
    if (!(await this.#isInForce(namespace, agent))) return 'unknown_agent'
    await this.#forget()
    if ((await this.#live(namespace)) >= mostTokens) return 'too_many_tokens'
    const made = Math.floor(now() / 1000)
    const id = newId('rtk')
    const apiKey = tokenKeyName(id)
    const claims = { namespace, agent, apiKey, ...(session !== undefined && { session }) }
    const token = await this.#sign(claims, id, made, made + ttlSeconds)
    const row = {
      id,
      sha256: createHash('sha256').update(token).digest('hex'),
      namespace,
      agent,
      session: session ?? null,
      created_by: by,
      created_at: new Date(made * 1000),
      expires_at: new Date((made + ttlSeconds) * 1000),
      revoked_at: null,
      revoked_by: null,
    }
    await db.insertInto('runtime_tokens').values(row).execute()
    return { ...tokenOf(row), token }
  }

  /** Tokens that are good or were within 30 days, newest first. */
  async list(namespaces: readonly string[]): Promise<readonly RuntimeToken[]> {
    if (namespaces.length === 0) return []
    const query = this.#needs.db
      .selectFrom('runtime_tokens')
      .selectAll()
      .where('namespace', 'in', [...namespaces])
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .limit(1000)
    return (await query.execute()).map(tokenOf)
  }

  /** The namespace of a token, or null when nobody knows it. */
  async namespaceOf(id: string): Promise<string | null> {
    const query = this.#needs.db.selectFrom('runtime_tokens').select('namespace')
    return (await query.where('id', '=', id).executeTakeFirst())?.namespace ?? null
  }

  /** Revokes a token, and tells the listeners when it was still good. */
  async revoke(id: string, by: string): Promise<void> {
    const { db, now } = this.#needs
    const at = now()
    const revoked = await db.transaction().execute(async db => {
      const row = await db
        .updateTable('runtime_tokens')
        .set({ revoked_at: new Date(at), revoked_by: by })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .returning('namespace')
        .executeTakeFirst()
      if (row !== undefined) await nextList(db, at)
      return row
    })
    if (revoked) for (const listener of this.#listeners) listener(revoked.namespace)
  }

  /** Which tokens of a namespace, or of all of them (null), are revoked before their time, signed as releases are. */
  async revocations(namespace: string | null): Promise<RevocationList> {
    const { db, key, now } = this.#needs
    const at = new Date(now())
    const sequence = await lastList(db)
    const revoked = db
      .selectFrom('runtime_tokens')
      .select('id')
      .where('revoked_at', 'is not', null)
      .where('expires_at', '>', at)
    const own = namespace === null ? revoked : revoked.where('namespace', '=', namespace)
    const rows = await own.orderBy('id').execute()
    return key.signed({
      format: 'writ.dev/revocations/v1',
      ...(namespace !== null && { namespace }),
      sequence,
      publishedAt: at.toISOString(),
      revoked: rows.map(({ id }) => id),
    })
  }

  /** Calls the listener after every revocation, with its namespace; returns how to stop. */
  subscribe(listener: (namespace: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #sign(claims: RuntimeClaims, id: string, from: number, until: number): Promise<string> {
    const { key } = this.#needs
    const { type, issuer, audience } = runtimeTokenForm
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'EdDSA', typ: type, kid: key.id })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(from)
      .setExpirationTime(until)
      .setJti(id)
      .sign(key.privateKey)
  }

  async #isInForce(namespace: string, agent: string): Promise<boolean> {
    const { releases } = this.#needs
    const release = releases.current().find(release => release.namespace === namespace)
    const body = release === undefined ? null : await releases.body(release.digest)
    const { agents = [] } = JSON.parse(body ?? '{}') as Partial<RuleTable>
    return agents.some(({ name }) => name === agent)
  }

  async #live(namespace: string): Promise<number> {
    const { db, now } = this.#needs
    const row = await db
      .selectFrom('runtime_tokens')
      .select(eb => eb.fn.countAll<number>().as('count'))
      .where('namespace', '=', namespace)
      .where('expires_at', '>', new Date(now()))
      .executeTakeFirst()
    return Number(row?.count ?? 0)
  }

  async #forget(): Promise<void> {
    const { db, now } = this.#needs
    const oldest = new Date(now() - forgottenAfterMs)
    await db.deleteFrom('runtime_tokens').where('expires_at', '<', oldest).execute()
  }
}

async function lastList(db: Kysely<Database>): Promise<number> {
  const query = db.selectFrom('runtime_token_lists').select(eb => eb.fn.max('sequence').as('last'))
  return Number((await query.executeTakeFirst())?.last ?? 0)
}

/** Not behind the seconds since 1970, so that a store that was lost does not go back to numbers that proxies have passed. */
async function nextList(db: Transaction<Database>, at: number): Promise<void> {
  await sql`lock table runtime_token_lists in exclusive mode`.execute(db)
  const sequence = Math.max((await lastList(db)) + 1, Math.floor(at / 1000))
  await db.deleteFrom('runtime_token_lists').execute()
  await db.insertInto('runtime_token_lists').values({ sequence }).execute()
}

function tokenOf(row: Selectable<RuntimeTokenRow>): RuntimeToken {
  return {
    id: row.id,
    namespace: row.namespace,
    agent: row.agent,
    ...(row.session !== null && { session: row.session }),
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    ...(row.revoked_at !== null && { revokedAt: row.revoked_at.toISOString() }),
    ...(row.revoked_by !== null && { revokedBy: row.revoked_by }),
  }
}
