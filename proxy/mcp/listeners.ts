import type { Json } from '../../policy/decide/facts.ts'
import { withoutTasks } from '../approvals/task-methods.ts'
import { knowsTasks } from '../approvals/task-shape.ts'
import { Cancellation } from './cancellation.ts'
import { type Answer, answerError, type Exchange, type Firewall } from './exchange.ts'
import { noteDown } from './forward.ts'
import { judge, subjectOf } from './judge.ts'
import { resourceOffer } from './offers.ts'
import { isPlain } from './read-resource.ts'
import { codes, isObject, type JsonObject, notificationJson, resultJson } from './rpc.ts'
import { noticesOf } from './sessions.ts'
import type { Offering } from './upstream/catalog.ts'
import { envelope } from './upstream/envelope.ts'
import type { Incoming } from './upstream/link.ts'
import type { Upstream } from './upstream/upstream.ts'

const wanted = {
  'notifications/tools/list_changed': 'toolsListChanged',
  'notifications/prompts/list_changed': 'promptsListChanged',
  'notifications/resources/list_changed': 'resourcesListChanged',
} as const

const mostPerKey = 64
const mostUris = 256

interface Listener {
  readonly namespace: string
  readonly key: string
  tell(method: string, params: JsonObject): void
  readonly hears: ReadonlySet<string>
  end(): void
}

/** The open `subscriptions/listen` streams of stateless clients. */
export class Listeners {
  readonly #open = new Set<Listener>()

  announce(namespace: string, lists: readonly Offering[]): void {
    for (const listener of this.#open) {
      if (listener.namespace !== namespace) continue
      for (const method of noticesOf(lists))
        if (listener.hears.has(method)) listener.tell(method, {})
    }
  }

  stop(): void {
    for (const listener of [...this.#open]) listener.end()
  }

  /** `subscriptions/listen`: says what it will tell, tells it, and answers when it has to stop. */
  readonly listen = async (firewall: Firewall, exchange: Exchange): Promise<Answer> => {
    const { client, params, id, say, cancellation } = exchange
    const { notifications: filter } = params
    if (!isObject(filter)) {
      return answerError(exchange, codes.invalidParams, '`notifications` must be an object')
    }
    if (filter.taskIds !== undefined && !knowsTasks(client)) return withoutTasks(exchange)
    const { agent, apiKey, namespace } = client.caller
    const key = JSON.stringify([namespace, agent.name, apiKey])
    if ([...this.#open].filter(listener => listener.key === key).length >= mostPerKey) {
      return answerError(exchange, codes.internal, 'too many subscriptions are open for this key')
    }
    const hears = Object.entries(wanted).filter(([, field]) => filter[field] === true)
    const tell = (method: string, more: JsonObject) =>
      say(
        notificationJson(
          method,
          JSON.stringify({ ...more, _meta: { [envelope.subscription]: id } }),
        ),
      )
    const follows = await this.#follows(firewall, exchange, filter.resourceSubscriptions)
    tell('notifications/subscriptions/acknowledged', {
      notifications: {
        ...Object.fromEntries(hears.map(([, field]) => [field, true])),
        ...(follows.length === 0 ? {} : { resourceSubscriptions: follows.map(({ uri }) => uri) }),
      },
    })
    const ended = Promise.withResolvers<void>()
    const listener = {
      namespace,
      key,
      tell,
      hears: new Set(hears.map(([method]) => method)),
      end: () => ended.resolve(),
    }
    this.#open.add(listener)
    cancellation.listen(listener.end)
    if (cancellation.aborted) listener.end()
    const stopFollowing = follow(exchange, follows, tell)
    await ended.promise
    stopFollowing()
    this.#open.delete(listener)
    const result = { resultType: 'complete', _meta: { [envelope.subscription]: id } }
    return { json: resultJson(id, JSON.stringify(result)) }
  }

  /** The resources that may be followed: allowed by policy, and at servers of the same era. */
  async #follows(
    firewall: Firewall,
    exchange: Exchange,
    uris: Json | undefined,
  ): Promise<readonly Followed[]> {
    if (!Array.isArray(uris)) return []
    const offers = await firewall.servers.freshOffers(exchange.client.caller.namespace)
    const followed: Followed[] = []
    for (const uri of uris.slice(0, mostUris)) {
      if (typeof uri !== 'string' || !isPlain(uri)) continue
      const found = resourceOffer(offers, uri)
      if (typeof found === 'string' || found.upstream.era !== 'modern') continue
      const subject = subjectOf('resource', found.upstream.name, uri)
      const judged = judge(firewall, exchange, subject)
      if (await noteDown(firewall, judged)) followed.push({ uri, upstream: found.upstream })
    }
    return followed
  }
}

interface Followed {
  readonly uri: string
  readonly upstream: Upstream
}

function follow(
  { client, params }: Exchange,
  follows: readonly Followed[],
  tell: (method: string, params: JsonObject) => void,
): () => void {
  const stop = new Cancellation()
  const { _meta: meta } = params
  for (const upstream of new Set(follows.map(followed => followed.upstream))) {
    const uris = follows.filter(followed => followed.upstream === upstream).map(({ uri }) => uri)
    const onMessage = ({ method, params: said }: Incoming) => {
      const { uri } = said
      if (method !== 'notifications/resources/updated' || typeof uri !== 'string') return
      if (uris.includes(uri)) tell(method, { uri })
    }
    const request = {
      method: 'subscriptions/listen',
      params: [['notifications', JSON.stringify({ resourceSubscriptions: uris })]] as const,
      meta: isObject(meta) ? meta : {},
      timeoutMs: 0,
      cancellation: stop,
      owner: client,
      onMessage,
    }
    upstream
      .link(client)
      .then(link => link.request(request))
      .catch(() => undefined)
  }
  return () => stop.abort()
}
