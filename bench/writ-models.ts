import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load } from '../policy/decide/load.ts'
import type { LeaseOffice } from '../proxy/budgets/lease-office.ts'
import { openBudgets } from '../proxy/budgets/open-budgets.ts'
import { openJournal } from '../proxy/journal/journal.ts'
import type { Caller, Tables } from '../proxy/mcp/needs.ts'
import { createProxy } from '../proxy/proxy.ts'
import { serve } from './child.ts'

/** The model gateway as it ships, everything on: key, rules, budget, journal, usage, credential. */
const key = 'bench'
const sha256 = createHash('sha256').update(key).digest('hex')
/** Compiled elsewhere: a proxy has no compiler in its memory. */
const table = load(readFileSync(process.argv[2] ?? '', 'utf8'))
const caller: Caller = { namespace: 'default', agent: table.table.agents[0]!, apiKey: 'bench' }
const tables: Tables = {
  caller: hash => (hash === sha256 ? caller : null),
  current: () => table,
  subscribe: () => () => undefined,
}

/** Lends whatever is asked for, as a ledger with enough left does. */
const state = { limit: 1e14, extended: 0, spent: 0, reserved: 0 }
const office: LeaseOffice = {
  begin: async () => undefined,
  lease: async ({ lease: id, need }) => ({
    lease: { id, fence: 1, amount: need * 10_000, ttlMs: 3_600_000 },
    state,
  }),
  renew: async ({ leases }) => ({
    leases: leases.map(({ id }) => ({ id, ttlMs: 3_600_000, state })),
  }),
}
const quiet = { debug() {}, info() {}, warn: console.error, error: console.error }

const journal = await openJournal({ folder: mkdtempSync(join(tmpdir(), 'writ-bench-')) })
const { budgets } = openBudgets({ tables, office, journal, log: quiet })
const proxy = createProxy({
  port: 0,
  tables,
  journal,
  budgets,
  secrets: async () => 'sk-of-the-upstream',
  report: () => undefined,
  log: quiet,
})
void proxy.run(new AbortController().signal)
serve(new URL('/openai/v1/chat/completions', await proxy.listening).href)
