import { generateKeyPairSync } from 'node:crypto'
import type { Test } from 'tap'
import type { BudgetCounter } from '../../../controller/budgets/budget-book.ts'
import type { Incident } from '../../../controller/budgets/dues.ts'
import type { LeaseLife } from '../../../controller/budgets/lease-life.ts'
import { StoredBudgets } from '../../../controller/budgets/stored-budgets.ts'
import { type BudgetFlaw, verifyBudgets } from '../../../controller/budgets/verify.ts'
import { Ledger } from '../../../controller/ledger/ledger.ts'
import { emptyTable } from '../../../controller/publish/empty-table.ts'
import { Releases } from '../../../controller/publish/releases.ts'
import { openSigningKey } from '../../../controller/publish/signing-key.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import { compile } from '../../../policy/compile/compile.ts'
import { windows } from '../../../policy/spend/window.ts'
import type {
  BudgetCharge,
  BudgetLease,
  BudgetLeaseRequest,
  BudgetRun,
} from '../../../schemas/budget-lease.ts'
import type { Record as Entry } from '../../../schemas/record.ts'

export const noon = Date.parse('2026-11-21T12:00:00.000Z')

const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })

/** Agents `bot` (of ana, flow nightly) and `cat` (of ben), and a priced model. */
export const agents = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { roles: [owner] }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ben }
spec: {}
---
apiVersion: writ.dev/v1alpha1
kind: Team
metadata: { name: core }
spec: { members: [ana, ben] }
---
apiVersion: writ.dev/v1alpha1
kind: Team
metadata: { name: ops }
spec: { members: [ana] }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: { kind: test, owner: ana, labels: { writ.dev/flow: nightly }, apiKeys: [{ name: laptop, sha256: "${'a'.repeat(64)}" }] }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: cat }
spec: { kind: test, owner: ben, apiKeys: [{ name: laptop, sha256: "${'b'.repeat(64)}" }] }
---
apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: models }
spec:
  protocol: openai
  baseUrl: "https://models.example.com/v1"
  models: [{ name: small, price: { input: "1.00", output: "2.00" } }]
`

/** A budget as it is written. */
export function budget(name: string, spec: string): string {
  return `
apiVersion: writ.dev/v1alpha1
kind: Budget
metadata: { name: ${name} }
spec: ${spec}
`
}

/** Budgets over a real store, with a clock that the test moves. */
export interface BudgetWorld {
  readonly budgets: StoredBudgets
  readonly ledger: Ledger
  readonly releases: Releases
  readonly incidents: Incident[]
  readonly clock: { now: number }
  publish(...texts: readonly string[]): Promise<void>
  /** Digest of the table in force. */
  table(): string
  proxy(id?: string): TestProxy
  counter(budget: string, counter?: string): Promise<BudgetCounter>
  flaws(): Promise<readonly BudgetFlaw[]>
}

/** A world in which `agents` and the texts are in force. */
export async function budgetWorld(
  store: Store,
  texts: readonly string[],
  life: Partial<LeaseLife> = {},
): Promise<BudgetWorld> {
  const world = await reopened(store, { now: noon }, life)
  await world.publish(agents, ...texts)
  return world
}

/** The world as another process on the same store has it. */
export async function reopened(
  { db }: Store,
  clock: BudgetWorld['clock'],
  life: Partial<LeaseLife> = {},
): Promise<BudgetWorld> {
  const now = () => clock.now
  const releases = new Releases({ db, key: await openSigningKey('', String(pem)), now })
  await releases.open()
  const incidents: Incident[] = []
  const onIncident = (incident: Incident) => incidents.push(incident)
  const budgets = new StoredBudgets({ db, now, life, onIncident })
  const ledger = new Ledger(db, { settling: budgets })
  const table = () =>
    releases.current().find(({ namespace }) => namespace === 'default')?.digest ?? ''
  const world: BudgetWorld = {
    ...{ budgets, ledger, releases, incidents, clock, table },
    async publish(...texts) {
      const files = texts.map((text, i) => ({ path: `${i}.yaml`, text }))
      const { tables, directories, problems } = compile(files)
      if (tables === null) throw new Error(JSON.stringify(problems))
      const gone = releases.current().filter(({ namespace }) => !tables.has(namespace))
      const emptied = gone.map(({ namespace }) => [namespace, emptyTable(namespace)] as const)
      await releases.publish(new Map([...emptied, ...tables]), null, directories)
      clock.now += 1000
    },
    proxy: (id = 'proxy-a') => new TestProxy(world, id),
    async counter(budget, counter = '') {
      const [found] = await budgets.counters('default', { budget, counter })
      if (found === undefined) throw new Error(`no counter ${counter} of ${budget}`)
      return found
    },
    flaws: () => verifyBudgets(db),
  }
  return world
}

/** A lease as the proxy of a test holds it. */
export interface Held extends BudgetLease {
  readonly budget: string
  readonly counter: string
  readonly window: string
}

/** Stands for a proxy: asks for leases and writes entries. */
export class TestProxy {
  readonly #world: BudgetWorld
  readonly id: string
  run: string
  seq = 0
  #starts: readonly BudgetRun[]
  #told = ''
  #leases = 0

  constructor(world: BudgetWorld, id: string) {
    this.#world = world
    this.id = id
    this.run = `${id} run 1`
    this.#starts = [{ proxy: id, run: this.run, firstSeq: 1, start: 1 }]
  }

  /** Every start so far, the first one first. */
  get starts(): readonly BudgetRun[] {
    return this.#starts
  }

  /** Starts anew without telling. */
  restart(run: string): void {
    const firstSeq = this.seq + 1
    this.#starts = [
      ...this.#starts,
      { proxy: this.id, run, firstSeq, start: this.#starts.length + 1 },
    ]
    this.run = run
  }

  async start(run = this.run): Promise<void> {
    if (run !== this.run) this.restart(run)
    await this.tell(this.#starts.length - 1)
  }

  /** Tells of the n-th start, from 0. */
  async tell(n: number): Promise<void> {
    const run = this.#starts[n]
    if (run === undefined) return
    await this.#world.budgets.started(run)
    this.#told = run.run
  }

  request(
    budget: string,
    need: number,
    some: Partial<BudgetLeaseRequest> = {},
  ): BudgetLeaseRequest {
    this.#leases += 1
    return {
      ...{ namespace: 'default', budget, counter: '', window: '', proxy: this.id, run: this.run },
      ...{ table: this.#world.table(), need, lease: `${this.run} lease ${this.#leases}` },
      ...some,
    }
  }

  async ask(budget: string, need: number, some: Partial<BudgetLeaseRequest> = {}) {
    if (this.#told !== this.run) await this.start()
    const request = this.request(budget, need, some)
    const { lease, state } = await this.#world.budgets.grant(request)
    const { counter, window } = request
    const held: Held | null = lease && { ...lease, budget, counter, window }
    return { lease: held, state }
  }

  async lease(budget: string, need: number, some: Partial<BudgetLeaseRequest> = {}): Promise<Held> {
    const { lease } = await this.ask(budget, need, some)
    if (lease === null) throw new Error(`nothing left of ${budget}`)
    return lease
  }

  /** Renews one lease; for how long it lives on, in ms. */
  async renew({ id, fence }: BudgetLease, used: number, held: number, keep: number) {
    const leases = [{ id, fence, used, held, keep }]
    const renewal = { proxy: this.id, run: this.run, leases }
    const [renewed] = (await this.#world.budgets.renew(renewal)).leases
    return { ttlMs: renewed?.ttlMs, state: renewed?.state }
  }

  /** Takes a number for an entry that is handed in later, or never. */
  entry(some: Partial<Entry> = {}): string {
    this.seq += 1
    return JSON.stringify({
      ...{ proxy: this.id, seq: this.seq, time: new Date(this.#world.clock.now).toISOString() },
      ...{ phase: 'outcome', call: `${this.id} ${this.seq}`, namespace: 'default', agent: 'bot' },
      ...{ apiKey: 'laptop', user: 'ana', session: 's-1', kind: 'model', model: 'small' },
      ...{ provider: 'models', action: 'allow', reason: 'rule', status: 'succeeded' },
      ...{ table: this.#world.table(), costSource: 'provider' },
      ...some,
    })
  }

  /** The outcome of a call that a lease paid for. */
  outcome(lease: Held, amount: number, some: Partial<Entry> = {}): string {
    return this.entry({ costMicroUsd: amount, charges: [chargeTo(lease, amount)], ...some })
  }

  async hand(...lines: readonly string[]): Promise<void> {
    await this.#world.ledger.append(lines)
  }

  async spend(lease: Held, amount: number, some: Partial<Entry> = {}): Promise<void> {
    await this.hand(this.outcome(lease, amount, some))
  }
}

export function chargeTo({ id, budget, counter, window }: Held, amount: number): BudgetCharge {
  return { budget, counter, window, lease: id, amount }
}

/** The start of the window at an instant. */
export function windowAt(
  kind: 'hour' | 'day' | 'week' | 'month',
  at: number,
  zone = 'UTC',
): string {
  return windows(kind, zone)(at).start
}

/** What a counter comes to: spent, reserved, remaining. */
export async function sums(world: BudgetWorld, budget: string, counter = '') {
  const { spent, reserved, remaining } = await world.counter(budget, counter)
  return { spent, reserved, remaining }
}

/** Fails unless the books balance. */
export async function balanced(t: Test, world: BudgetWorld): Promise<void> {
  t.strictSame(await world.flaws(), [], 'the books balance')
}
