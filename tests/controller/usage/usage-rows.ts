import type { Kysely } from 'kysely'
import type { UsageRow } from '../../../controller/store/budget-rows.ts'
import type { Database } from '../../../controller/store/database.ts'
import { addUsage } from '../../../controller/usage/add-usage.ts'

let seq = 0

/** A call of a model that went well; `some` says what is different. */
export function usageRow(some: Partial<UsageRow> = {}): UsageRow {
  seq += 1
  return {
    proxy: 'proxy-a',
    seq,
    call: `call-${seq}`,
    time: new Date('2026-11-20T12:00:00Z'),
    namespace: 'default',
    agent: 'claude',
    api_key: 'laptop',
    user_name: 'ana',
    session: 's-1',
    flow: null,
    kind: 'model',
    provider: 'openai',
    model: 'gpt-4o',
    requested_model: 'gpt-4o',
    server: null,
    tool: null,
    endpoint: '/openai/v1/responses',
    stream: true,
    status: 'succeeded',
    upstream_status: '200',
    input_tokens: 100,
    output_tokens: 20,
    cache_read_tokens: 10,
    cache_write_tokens: null,
    reasoning_tokens: 5,
    cost_micro_usd: 450,
    cost_source: 'catalogue',
    usage_source: 'provider',
    duration_ms: 800,
    ...some,
  }
}

/** A call of a tool that nobody has a price for. */
export function toolRow(some: Partial<UsageRow> = {}): UsageRow {
  const none = { provider: null, model: null, requested_model: null, endpoint: null, stream: null }
  const tokens = { input_tokens: null, output_tokens: null, cache_read_tokens: null }
  return usageRow({
    ...{ kind: 'tool', server: 'files', tool: 'read', ...none, ...tokens },
    ...{ reasoning_tokens: null, cost_micro_usd: null, cost_source: null, usage_source: null },
    ...some,
  })
}

/** Stores calls as the ledger does. */
export async function store(db: Kysely<Database>, rows: readonly UsageRow[]): Promise<void> {
  await db.transaction().execute(async db => {
    await db.insertInto('usage').values(rows).execute()
    await addUsage(db, rows)
  })
}
