import t, { type Test } from 'tap'
import { KubeFailure } from '../../../controller/kubernetes/failure.ts'
import type { GoodObject, ObjectName } from '../../../controller/kubernetes/last-good-objects.ts'
import type { ObjectChange, WritObject } from '../../../controller/kubernetes/objects.ts'
import { namespaceCompiler } from '../../../controller/kubernetes/reconcile/compile-namespace.ts'
import {
  fileOf,
  pathOfObject,
  versionOf,
} from '../../../controller/kubernetes/reconcile/object-file.ts'
import { reconciler } from '../../../controller/kubernetes/reconcile/reconciler.ts'
import { Verdicts } from '../../../controller/kubernetes/reconcile/verdicts.ts'
import type { Overriding } from '../../../controller/overrides/overlay.ts'
import { emptyTable } from '../../../controller/publish/empty-table.ts'
import type { Publishable } from '../../../controller/publish/releases.ts'
import { compile } from '../../../policy/compile/compile.ts'
import { decide } from '../../../policy/decide/decide.ts'
import { factsOf } from '../../../policy/decide/facts.ts'
import { load } from '../../../policy/decide/load.ts'
import type { KnownTool } from '../../../schemas/tool-server.ts'
import { until } from '../world.ts'
import { object, policy } from './versions.ts'

const fence = { term: 1, holder: 'test' }
const allow = { action: 'allow' }
const deny = { action: 'deny' }
const broken = { when: 'args.x ==', action: 'allow' }

/** An API server and a store in memory, which outlive reconcilers. */
function memory() {
  return {
    objects: new Map<string, WritObject>(),
    good: new Map<string, GoodObject>(),
    tables: new Map<string, Publishable>(),
    /** `namespace: files`, in the order of their publication. */
    published: [] as string[],
    compiled: [] as string[],
    catalog: new Map<string, readonly KnownTool[]>(),
    /** Thrown by the next publication. */
    failure: null as Error | null,
    isStaying: async (_namespace: string, _plurals: readonly string[]) => true,
    overrides: [] as readonly Overriding[],
  }
}
type Memory = ReturnType<typeof memory>

/** A reconciler that runs on it. */
function running(t: Test, kept: Memory) {
  const listeners = new Set<(change: ObjectChange) => void>()
  const overrideListeners = new Set<() => void>()
  const toolListeners = new Set<(namespaces: readonly string[]) => void>()
  const verdicts = new Verdicts()
  const failures: string[] = []
  let reconciled = 0
  const inNamespace = (namespace: string) =>
    [...kept.objects.values()].filter(({ metadata }) => metadata.namespace === namespace)
  const service = reconciler(
    {
      systemNamespace: 'writ-system',
      objects: {
        synced: Promise.resolve(),
        in: inNamespace,
        namespaces: () => [...new Set([...kept.objects.values()].map(o => o.metadata.namespace))],
        subscribe(listener) {
          listeners.add(listener)
          return () => listeners.delete(listener)
        },
      },
      catalog: () => kept.catalog,
      onToolsChanged(listener) {
        toolListeners.add(listener)
        return () => toolListeners.delete(listener)
      },
      compile: namespaceCompiler({
        systemNamespace: 'writ-system',
        async compile({ files, options }) {
          kept.compiled.push(options.namespace ?? '')
          const { problems, tables, directories } = compile(files, options)
          return { problems, tables: tables && [...tables], directories }
        },
      }),
      lastGood: {
        read: async () => [...kept.good.values()].map(good => ({ ...good, digest: '' })),
        async keep(good, gone) {
          for (const one of good) kept.good.set(nameOf(one), one)
          for (const one of gone) kept.good.delete(nameOf(one))
        },
      },
      verdicts,
      overrides: {
        standing: () => kept.overrides,
        subscribe(listener) {
          overrideListeners.add(listener)
          return () => overrideListeners.delete(listener)
        },
      },
      releases: {
        current: () =>
          [...kept.tables.keys()].map(namespace => ({
            ...{ namespace, sequence: 1, digest: '', publishedAt: '', keyId: '', signature: '' },
          })),
        async publish(tables) {
          const { failure } = kept
          kept.failure = null
          if (failure !== null) throw failure
          for (const [namespace, table] of tables) {
            if (kept.tables.get(namespace)?.digest === table.digest) continue
            kept.tables.set(namespace, table)
            kept.published.push(`${namespace}: ${filesIn(table)}`)
          }
          return []
        },
      },
      isStaying: (namespace, plurals) => kept.isStaying(namespace, plurals),
      onReconciled: () => reconciled++,
      onFailure: (error, namespace) => failures.push(`${namespace}: ${Object(error).message}`),
      now: Date.now,
    },
    fence,
  )
  const stop = new AbortController()
  const ended = service.run(stop.signal)
  const end = async () => {
    stop.abort()
    await ended
  }
  t.teardown(end)
  return {
    verdicts,
    failures,
    end,
    override(...overrides: readonly Overriding[]) {
      kept.overrides = overrides
      for (const listener of overrideListeners) listener()
    },
    toolsChanged(namespace: string) {
      for (const listener of toolListeners) listener([namespace])
    },
    put(...objects: readonly WritObject[]) {
      for (const after of objects) {
        const before = kept.objects.get(pathOfObject(after)) ?? null
        kept.objects.set(pathOfObject(after), after)
        for (const listener of listeners) listener({ before, after })
      }
    },
    remove(...objects: readonly WritObject[]) {
      for (const before of objects) {
        kept.objects.delete(pathOfObject(before))
        for (const listener of listeners) listener({ before, after: null })
      }
    },
    /** Settles when everything that was asked for has been looked at. */
    async settled() {
      const before = reconciled
      await until(() => reconciled > before)
      let seen = -1
      while (seen !== reconciled) {
        seen = reconciled
        await new Promise(resolve => setTimeout(resolve, 150))
      }
    },
  }
}

function nameOf({ namespace, plural, name }: ObjectName): string {
  return `${namespace}/${plural}/${name}`
}

function filesIn({ json }: Publishable): string {
  const files: { path: string; commit: string }[] = JSON.parse(json).files
  return files
    .map(({ path, commit }) => `${path.replace('accesspolicies/', '')}@${commit.slice(11)}`)
    .join(' ')
}

/** What a call gets in a namespace. */
function verdict({ tables }: Memory, namespace: string): string {
  const table = tables.get(namespace)
  const subject = { agent: 'clerk', namespace }
  const facts = factsOf({ server: 'files', tool: 'read', args: {}, subject })
  return table === undefined ? 'no table' : decide(load(table.json), facts).action
}

t.test('an edit in one namespace publishes the table of that namespace alone', async t => {
  const kept = memory()
  const a = policy('p', allow)
  const b = policy('p', deny, { namespace: 'team-b' })
  for (const one of [a, b]) kept.objects.set(pathOfObject(one), one)
  const { put, settled } = running(t, kept)
  await settled()
  t.strictSame(kept.published, ['team-a: team-a/p@1', 'team-b: team-b/p@1'])
  kept.compiled.length = 0
  put(policy('p', deny, { generation: 2 }))
  await settled()
  t.strictSame(kept.published.slice(2), ['team-a: team-a/p@2'])
  t.strictSame(kept.compiled, ['team-a'])
  t.equal(verdict(kept, 'team-a'), 'deny')
})

t.test('the last good version stays, also in a controller that starts anew', async t => {
  const kept = memory()
  const first = running(t, kept)
  await first.settled()
  first.put(policy('p', deny), policy('q', allow, { namespace: 'team-b' }))
  await first.settled()
  first.put(policy('p', broken, { generation: 2 }))
  await first.settled()
  t.equal(verdict(kept, 'team-a'), 'deny')
  const found = first.verdicts.of('team-a').get('team-a/accesspolicies/p')
  t.match(found, { accepted: false, generation: 2, inForce: 1 })
  t.notOk(first.verdicts.allAccepted)
  t.equal(first.verdicts.problems().length, 1)
  await first.end()

  const published = kept.published.length
  const second = running(t, kept)
  await second.settled()
  t.equal(kept.published.length, published, 'nothing is published twice')
  t.match(second.verdicts.of('team-a').get('team-a/accesspolicies/p'), { inForce: 1 })
  second.put(policy('other', allow))
  await second.settled()
  t.equal(kept.published.at(-1), 'team-a: team-a/other@1 team-a/p@1')
})

t.test('the system namespace narrows every other before any of them is published', async t => {
  const kept = memory()
  const above = policy('all', deny, { namespace: 'writ-system' })
  for (const one of [policy('p', allow), above]) kept.objects.set(pathOfObject(one), one)
  const { put, remove, settled } = running(t, kept)
  await settled()
  t.strictSame(kept.published, [
    'writ-system: writ-system/all@1',
    'team-a: team-a/p@1 writ-system/all@1',
  ])
  t.equal(verdict(kept, 'team-a'), 'deny')
  put(policy('all', broken, { namespace: 'writ-system', generation: 2 }))
  await settled()
  t.equal(kept.published.length, 2, 'an edit that is refused changes nothing')
  remove(above)
  await settled()
  t.equal(verdict(kept, 'team-a'), 'allow')
})

t.test('what narrows every other reaches them also when it was not published at once', async t => {
  const kept = memory()
  const { put, settled, failures } = running(t, kept)
  await settled()
  put(policy('p', allow))
  await settled()
  kept.failure = new Error('the database is away')
  put(policy('all', deny, { namespace: 'writ-system' }))
  await until(() => failures.length > 0)
  await until(() => verdict(kept, 'team-a') === 'deny')
  t.strictSame(failures, ['writ-system: the database is away'])
})

t.test('a namespace that loses its objects allows nothing', async t => {
  const kept = memory()
  const { put, remove, settled } = running(t, kept)
  await settled()
  put(policy('p', allow))
  await settled()
  remove(policy('p', allow))
  await settled()
  t.equal(kept.tables.get('team-a')?.digest, emptyTable('team-a').digest)
  t.strictSame([...kept.good.keys()], [])
})

t.test('a namespace that is being deleted allows nothing, whatever it still holds', async t => {
  const kept = memory()
  const { put, remove, settled } = running(t, kept)
  await settled()
  const [narrow, wide] = [policy('narrow', deny), policy('wide', allow)]
  put(narrow, wide)
  await settled()
  t.equal(verdict(kept, 'team-a'), 'deny')
  kept.isStaying = async () => false
  remove(narrow)
  await settled()
  t.equal(kept.published.at(-1), 'team-a: ')
  remove(wide)
  await settled()
  kept.isStaying = async () => true
  put(wide)
  await settled()
  t.equal(verdict(kept, 'team-a'), 'allow', 'one of the same name begins anew')
})

t.test('while a kind is being deleted all stays as it is', async t => {
  const kept = memory()
  const { put, remove, settled, failures } = running(t, kept)
  await settled()
  const [narrow, wide] = [policy('narrow', deny), policy('wide', allow)]
  put(narrow, wide)
  await settled()
  let gone = true
  kept.isStaying = async (_, plurals) => {
    if (gone) throw new KubeFailure('gone', `${plurals} are not served`)
    return true
  }
  remove(narrow)
  await until(() => failures.length > 0)
  t.equal(failures[0], 'team-a: accesspolicies are not served')
  t.equal(verdict(kept, 'team-a'), 'deny')
  gone = false
  await settled()
  t.equal(verdict(kept, 'team-a'), 'allow')
})

t.test(
  'what tool servers say later takes nothing out of force, and an edit against it is refused',
  async t => {
    const kept = memory()
    const { put, settled, toolsChanged, verdicts } = running(t, kept)
    await settled()
    const server = object('ToolServer', 'files', {
      transport: 'streamable-http',
      url: 'http://files',
    })
    const ordered = (generation: number, when = 'args.name > 5') =>
      object(
        'AccessPolicy',
        'p',
        { tools: [{ name: 'read', rules: [{ when, action: 'allow' }] }] },
        { generation },
      )
    put(server, ordered(1))
    await settled()
    const inputSchema = {
      type: 'object',
      properties: { name: { type: 'string' } },
      required: ['name'],
    }
    kept.catalog = new Map([['team-a/files', [{ name: 'read', inputSchema }]]])
    toolsChanged('team-a')
    await settled()
    const found = () => verdicts.of('team-a').get('team-a/accesspolicies/p')
    t.match(found(), { accepted: true, inForce: 1, problems: [{ severity: 'warning' }] })
    put(ordered(2, 'args.name - 1 > 6'))
    await settled()
    t.match(found(), { accepted: false, inForce: 1 })
  },
)

t.test(
  'a key that is in force in one namespace is refused in another, until it is free',
  async t => {
    const kept = memory()
    const { put, remove, settled, verdicts } = running(t, kept)
    await settled()
    const keys = { apiKeys: [{ name: 'k', sha256: 'a'.repeat(64) }] }
    const theirs = object('Agent', 'clerk', keys, { namespace: 'team-b' })
    put(theirs)
    await settled()
    put(object('Agent', 'thief', keys))
    await settled()
    const found = () => verdicts.of('team-a').get('team-a/agents/thief')
    t.match(found(), {
      accepted: false,
      inForce: null,
      problems: [{ code: 'duplicate_key', message: /team-b\/agents\/clerk/, line: 9 }],
    })
    t.match(verdicts.of('team-b').get('team-b/agents/clerk'), { accepted: true, inForce: 1 })
    remove(theirs)
    await settled()
    t.match(found(), { accepted: true, inForce: 1 })
  },
)

/** An override of one policy, until a time that does not come. */
function overriding(id: string, after: WritObject): Overriding {
  const { text } = fileOf(versionOf(after))
  const { namespace, name } = after.metadata
  const documents = [{ kind: after.kind, namespace, name }]
  const file = { path: `overrides/${id}.yaml`, text, commit: id, namespace }
  return { id, file, documents, expiresAt: Date.parse('2999-01-01T00:00:00Z') }
}

t.test('an override stands in place of an object, and is never what is good', async t => {
  const kept = memory()
  const { put, settled, override, verdicts, end } = running(t, kept)
  await settled()
  put(policy('p', deny), policy('q', deny, { namespace: 'team-b' }))
  await settled()
  const good = [...kept.good.values()]
  override(overriding('ovr-1', policy('p', allow)))
  await settled()
  t.equal(verdict(kept, 'team-a'), 'allow')
  t.equal(verdict(kept, 'team-b'), 'deny')
  const [step, ...more] = kept.tables.get('team-a')?.next ?? []
  t.strictSame(more, [])
  t.match(step, { at: '2999-01-01T00:00:00.000Z', directory: { namespace: 'team-a' } })
  t.match(verdicts.of('team-a').get('team-a/accesspolicies/p'), {
    ...{ accepted: true, inForce: 1, override: { id: 'ovr-1' } },
  })
  t.strictSame([...kept.good.values()], good)

  put(policy('p', broken, { generation: 2 }))
  await settled()
  t.equal(verdict(kept, 'team-a'), 'allow', 'over what is good')
  await end()
  kept.overrides = []
  const second = running(t, kept)
  await second.settled()
  t.equal(verdict(kept, 'team-a'), 'deny')
  t.equal(verdicts.of('team-a').get('team-a/accesspolicies/p')?.inForce, 1)
})

t.test('an override of the system namespace concerns every other, also new ones', async t => {
  const kept = memory()
  const { put, settled, override } = running(t, kept)
  await settled()
  put(policy('p', allow), policy('q', allow, { namespace: 'team-b' }))
  await settled()
  override(overriding('ovr-1', policy('all', deny, { namespace: 'writ-system' })))
  await settled()
  t.strictSame(
    ['team-a', 'team-b'].map(name => verdict(kept, name)),
    ['deny', 'deny'],
  )
  put(policy('r', allow, { namespace: 'team-c' }))
  await settled()
  t.equal(verdict(kept, 'team-c'), 'deny')
  override()
  await settled()
  t.strictSame(
    ['team-a', 'team-b', 'team-c'].map(name => verdict(kept, name)),
    [...['allow', 'allow', 'allow']],
  )
})

t.test('what does not go with an override waits, and says so', async t => {
  const kept = memory()
  const { put, settled, override, failures } = running(t, kept)
  await settled()
  const asking = { action: 'require_approval', approvalWorkflow: 'w' }
  const workflow = object('ApprovalWorkflow', 'w', { approvers: { users: ['ana'] } })
  put(policy('p', deny), workflow, object('User', 'ana', {}))
  await settled()
  override(overriding('ovr-1', policy('p', asking)))
  await settled()
  t.equal(verdict(kept, 'team-a'), 'require_approval')
  kept.objects.delete(pathOfObject(workflow))
  put(policy('other', deny))
  await until(() => failures.length > 0)
  t.match(failures[0], 'an override and what is written now in team-a do not go together')
  t.equal(verdict(kept, 'team-a'), 'require_approval', 'what was in force stands')
  override()
  await until(() => verdict(kept, 'team-a') === 'deny')
})
