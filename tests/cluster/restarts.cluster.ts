import { setTimeout as after } from 'node:timers/promises'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { informer } from '../../controller/kubernetes/informer.ts'
import { openKube } from '../../controller/kubernetes/kube.ts'
import type { KubeObject } from '../../controller/kubernetes/kube-object.ts'
import { resourceOf } from '../../controller/kubernetes/objects.ts'
import type { Store } from '../../controller/store/open-store.ts'
import { decide } from '../../policy/decide/decide.ts'
import { factsOf } from '../../policy/decide/facts.ts'
import { type LoadedTable, load } from '../../policy/decide/load.ts'
import { AccessPolicy } from '../../schemas/access-policy.ts'
import { postgresStores } from '../controller/stores.ts'
import { type PolicyWorld, policyWorld, until } from './policy-world.ts'
import { dataFolder, launchController } from './writ-process.ts'

/** Fewer when there is no time for more. */
const restarts = Number(process.env.RESTARTS ?? 100)
const namespaces = ['team-a', 'team-b', 'team-c']
const policies = ['p0', 'p1', 'p2', 'p3']

/** Versions of a policy for one tool, and what each says to a call with `x: 1` and with `x: 2`; null: it does not compile. */
const variants = {
  allow: { rule: { action: 'allow' }, says: ['allow', 'allow'] },
  deny: { rule: { action: 'deny' }, says: ['deny', 'deny'] },
  ask: {
    rule: { action: 'require_approval', approvalWorkflow: 'ask' },
    says: ['require_approval', 'require_approval'],
  },
  some: { rule: { when: 'args.x == 1', action: 'allow' }, says: ['allow', 'deny'] },
  broken: { rule: { when: 'args.x ==', action: 'allow' }, says: null },
} as const
type Variant = keyof typeof variants

/** What was written, by path and generation. */
type History = Map<string, Map<number, Variant>>

interface Published {
  readonly sequence: number
  readonly namespace: string
  readonly body: string
}

/** Copies every table that is published, for the store forgets old ones. */
async function keepEveryTable({ db }: Store): Promise<void> {
  await sql`create table published (sequence bigint, namespace text, body text)`.execute(db)
  await sql`
    create function keep_published() returns trigger language plpgsql as $$
    begin
      insert into published
      select new.sequence, new.namespace, body from tables where digest = new.digest;
      return null;
    end $$`.execute(db)
  await sql`
    create constraint trigger published after insert on releases
    deferrable initially deferred for each row execute function keep_published()`.execute(db)
}

async function countOf({ db }: Store): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) from published`.execute(db)
  return Number(rows[0]?.count)
}

async function write(world: PolicyWorld, history: History, path: string, variant: Variant) {
  const [namespace = '', name = ''] = path.split('/accesspolicies/')
  const rules = [{ name: variant, ...variants[variant].rule }]
  const spec = { tools: [{ name: `tool-${name}`, rules }] }
  const { metadata } = await world.put('AccessPolicy', namespace, name, spec)
  const written = history.get(path) ?? new Map()
  history.set(path, written.set(metadata.generation, variant))
}

function anyOf<V>(values: readonly V[]): V {
  return values[Math.floor(Math.random() * values.length)] as V
}

/** Edits policies at random until it is stopped. */
async function storm(world: PolicyWorld, history: History, signal: AbortSignal): Promise<void> {
  const paths = [...history.keys()]
  const names = Object.keys(variants) as Variant[]
  while (!signal.aborted) {
    await write(world, history, anyOf(paths), anyOf(names))
    await after(Math.random() * 60)
  }
}

/** Every version of every policy as a watch tells of them. */
function watchPolicies(t: Test, kubeconfig: string): readonly KubeObject[] {
  const seen: KubeObject[] = []
  const stop = new AbortController()
  const cache = {
    replaceAll: (objects: readonly KubeObject[]) => void seen.push(...objects),
    put: (object: KubeObject) => void seen.push(object),
    remove: () => undefined,
  }
  const kube = openKube({ kubeconfig })
  const running = informer({
    kube,
    resource: resourceOf(AccessPolicy),
    cache,
    onFailure: error => t.fail(String(error)),
  }).run(stop.signal)
  t.teardown(async () => {
    stop.abort()
    await running
  })
  return seen
}

/** How often a status was written, at most, while the generation of an object stayed the same. */
function mostWrites(seen: readonly KubeObject[]): number {
  const writes = new Map<string, number>()
  const known = new Set<string>()
  for (const { metadata } of seen) {
    const version = `${metadata.uid} ${metadata.generation}`
    // The first event of a generation is the edit itself.
    if (known.has(version)) writes.set(version, (writes.get(version) ?? 0) + 1)
    known.add(version)
  }
  return Math.max(0, ...writes.values())
}

/** What a table says to calls of the tool of a policy. */
function saysOf(table: LoadedTable, namespace: string, name: string): readonly string[] {
  return [1, 2].map(x => {
    const subject = { agent: 'clerk', namespace }
    const call = { server: 'files', tool: `tool-${name}`, args: { x }, subject }
    return decide(table, factsOf(call)).action
  })
}

/** The generation of a file in a table, or 0. */
function generationIn({ table }: LoadedTable, path: string): number {
  const commit = table.files.find(file => file.path === path)?.commit ?? ''
  return Number(commit.replace('generation-', ''))
}

/** Tables that hold something else than versions that were written and compile, each at least as new as before. */
function breaches(published: readonly Published[], history: History): readonly string[] {
  const found: string[] = []
  const newest = new Map<string, number>()
  for (const { sequence, namespace, body } of published) {
    const table = load(body)
    for (const path of history.keys()) {
      const [home = '', name = ''] = path.split('/accesspolicies/')
      if (home !== namespace && home !== 'writ-system') continue
      const generation = generationIn(table, path)
      const before = newest.get(`${namespace} ${path}`) ?? 0
      const variant = history.get(path)?.get(generation)
      const expected = variant === undefined ? null : variants[variant].says
      const said = home === namespace ? saysOf(table, namespace, name) : expected
      if (generation < before || (generation > 0 && String(expected) !== String(said))) {
        found.push(`${sequence} ${namespace} ${path}@${generation} after ${before}: ${said}`)
      }
      if (generation === 0 && before > 0) found.push(`${sequence} ${path} is missing`)
      newest.set(`${namespace} ${path}`, Math.max(generation, before))
    }
  }
  return found
}

t.test('a controller that is killed again and again in a storm of edits', async t => {
  const world = await policyWorld(t, namespaces)
  const stores = await postgresStores(t)
  if (typeof stores === 'string') throw new Error(stores)
  const store = await stores.empty()
  await keepEveryTable(store)
  const history: History = new Map()
  for (const namespace of ['writ-system', ...namespaces]) {
    await world.put('Agent', namespace, 'clerk', { kind: 'test' })
    await world.put('User', namespace, 'ana', {})
    await world.put('ApprovalWorkflow', namespace, 'ask', { approvers: { users: ['ana'] } })
    for (const name of namespace === 'writ-system' ? ['s0', 's1'] : policies) {
      await write(world, history, `${namespace}/accesspolicies/${name}`, 'deny')
    }
  }
  const seen = watchPolicies(t, world.api.admin)
  const stop = new AbortController()
  const storming = storm(world, history, stop.signal)
  const start = () =>
    launchController(t, world.api.admin, {
      data,
      args: ['--identity', 'one', '--database-url', stores.url ?? ''],
    })
  const data = dataFolder(t)
  for (let i = 0; i < restarts; i++) {
    const controller = start()
    const tables = (await countOf(store)) + (i % 6)
    // Some are killed before they have done anything, the others after some tables, whatever they do then.
    if (i % 6 > 0) {
      await controller.ready
      await until(async () => (await countOf(store)) >= tables)
    }
    await after(Math.random() * 500)
    await controller.stop('kill')
  }
  stop.abort()
  await storming
  await start().ready

  const expected = (path: string) => {
    const written = history.get(path) as Map<number, Variant>
    const isGood = written.get(Math.max(...written.keys())) !== 'broken'
    const states = isGood ? ['True', 'True', 'Unknown'] : ['False', 'False', 'False']
    return `Accepted=${states[0]} Programmed=${states[1]} Enforced=${states[2]}`
  }
  for (const path of history.keys()) {
    const [namespace = '', name = ''] = path.split('/accesspolicies/')
    const states = () => world.states('AccessPolicy', namespace, name)
    await until(async () => (await states()) === expected(path))
  }
  await after(2000)
  t.equal(mostWrites(seen), 1, 'a status is written once for every generation')

  const { rows } = await sql<Published>`select * from published order by sequence`.execute(store.db)
  t.comment(`${rows.length} tables, ${seen.length} versions`)
  t.ok(rows.length > restarts, 'tables were published all the time')
  t.strictSame(breaches(rows, history), [], 'tables hold versions that were written, in order')
  for (const path of history.keys()) {
    const [namespace = ''] = path.split('/accesspolicies/')
    const last = rows.filter(row => row.namespace === namespace).at(-1)
    const written = history.get(path) as Map<number, Variant>
    const newest = Math.max(...written.keys())
    if (written.get(newest) === 'broken' || last === undefined) continue
    t.equal(generationIn(load(last.body), path), newest, `${path} is in force as it is written`)
  }
})
