import t, { type Test } from 'tap'
import type { ForgeEvent } from '../../../controller/forge/forge-event.ts'
import { forgeOf } from '../../../controller/github/forge-of.ts'
import { lookForMissed } from '../../../controller/github/look-for-missed.ts'
import { watched } from '../../../controller/github/watched.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import { embeddedStores } from '../stores.ts'
import { until } from '../world.ts'
import { forgeWorld, sha } from './forge-world.ts'
import { githubDirectory } from './webhook-world.ts'

/** A GitHub with the repositories that something in force names, and a process that looks there for what it missed. */
async function lookingWorld(t: Test, store: Store) {
  const world = await forgeWorld(t)
  const { hub, clock, secrets } = world
  const repositories = ['acme/app', 'acme/unsigned'].map(name => hub.repository(name))
  const directory = githubDirectory(hub.apiUrl)
  let rounds = 0
  const start = () => {
    const events: ForgeEvent[] = []
    const logged: unknown[] = []
    const stop = new AbortController()
    const service = lookForMissed({
      db: store.db,
      watched() {
        rounds += 1
        return watched([directory])
      },
      open: ({ namespace, place }) =>
        forgeOf(place, {
          ...{ namespace, now: Date.now },
          secrets: async (_, { key }) => secrets.get(key) ?? null,
        }),
      tell: event => events.push(event),
      now: () => clock.now,
      log: { warn: (fields, message) => logged.push([message, fields]) },
      tickMs: 5,
    })
    const running = service.run(stop.signal)
    const end = async () => {
      stop.abort()
      await running
    }
    t.teardown(end)
    return { events, logged, end }
  }
  /** Settles when everything that is due then was looked at: one round later the next begins. */
  const looked = async (minutes = 1) => {
    const before = rounds
    clock.now += minutes * 60_000
    await until(() => rounds >= before + 2)
  }
  return { ...world, repositories, start, looked }
}

t.test('what webhooks did not tell is found', async t => {
  const stores = await embeddedStores(t)

  t.test('changes that open, move on and end', async t => {
    const { hub, ana, repo, start, looked } = await lookingWorld(t, await stores.empty())
    const base = { by: ana, baseSha: sha('0') }
    const pull = hub.open(repo, { ...base, branch: 'wider', sha: sha('a') })
    hub.open(repo, { ...base, branch: 'other', sha: sha('b'), base: 'next' })
    const { events } = start()
    await looked()
    const change = { kind: 'change', repository: 'acme/Policies', number: 1, deliveryId: null }
    t.strictSame(events.splice(0), [change])
    await looked()
    t.strictSame(events.splice(0), [], 'nothing is told twice')
    hub.update(pull, ana, sha('c'))
    await looked()
    t.strictSame(events.splice(0), [change])
    hub.merge(pull, ana, sha('d'))
    await looked()
    t.strictSame(events.splice(0), [change])
  })

  t.test('comments that are written and edited, across a restart', async t => {
    const { hub, clock, ana, repositories, repo, start, looked } = await lookingWorld(
      t,
      await stores.empty(),
    )
    const [app] = repositories
    const told = (repository: string, commentId: number) => ({
      ...{ kind: 'comment', repository, number: 1, commentId, deliveryId: null },
    })
    const here = hub.ask(repo, ana)
    const old = hub.write(here, ana, 'long ago')
    clock.now += 3 * 3_600_000
    const first = hub.write(here, ana, 'first')
    const process = start()
    await looked()
    t.strictSame(process.events.splice(0), [told('acme/Policies', first.id)])
    const second = hub.write(hub.ask(app ?? repo, ana), ana, 'second')
    await looked()
    t.strictSame(process.events.splice(0), [told('acme/app', second.id)])
    hub.edit(old.id, ana, 'edited')
    await looked()
    t.strictSame(process.events.splice(0), [told('acme/Policies', old.id)])
    await process.end()

    const missed = hub.write(here, ana, 'while nobody looked')
    clock.now += 5 * 3_600_000
    const next = start()
    await looked()
    t.strictSame(
      next.events.filter(({ commentId = 0 }) => commentId > second.id),
      [told('acme/Policies', missed.id)],
    )
  })

  t.test('however many comments come at once', async t => {
    const { hub, clock, ana, repo, start, looked } = await lookingWorld(t, await stores.empty())
    const { events } = start()
    await looked()
    const issue = hub.ask(repo, ana)
    const ids = Array.from({ length: 1100 }, (_, n) => {
      // All in the two minutes in which GitHub's lists may lag behind.
      clock.now += 50
      return hub.write(issue, ana, `${n}`).id
    })
    await looked()
    await until(() => events.length >= 1100)
    const told = new Set(events.map(({ commentId }) => commentId))
    t.strictSame(
      ids.filter(id => !told.has(id)),
      [],
    )
  })

  t.test('a repository that cannot be looked at holds no other up', async t => {
    const { hub, ana, repo, repositories, start, looked } = await lookingWorld(
      t,
      await stores.empty(),
    )
    const [app] = repositories
    const { events, logged } = start()
    await looked()
    hub.trouble({ status: 403, message: 'No', when: /GET .*Policies\/pulls$/ })
    hub.open(repo, { by: ana, branch: 'wider', sha: sha('a'), baseSha: sha('0') })
    const { id } = hub.write(hub.ask(app ?? repo, ana), ana, 'hello')
    await looked(2)
    t.match(events.splice(0), [{ repository: 'acme/app', commentId: id }])
    t.match(logged, [
      [
        'forge not looked at',
        { repository: 'acme/Policies', err: { message: 'GitHub answered 403: No' } },
      ],
    ])
    await looked(20)
    t.match(events, [{ kind: 'change', repository: 'acme/Policies', number: 1 }])
  })
})
