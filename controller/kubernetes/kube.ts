import { failedWith, KubeFailure } from './failure.ts'
import { readKubeConfig, type SharedKubeConfig } from './kube-config.ts'
import { type KubeAddress, type KubeObject, type KubeResource, pathOf } from './kube-object.ts'
import { type KubeRequest, kubeRequest, unreachable } from './kube-request.ts'
import { type KubeEvent, watchEvents } from './watch-events.ts'

export interface KubeOptions {
  /** File of the configuration; that of the pod or of the user when omitted. */
  readonly kubeconfig?: string
}

/** All objects of a kind, as they were at one version of the store. */
interface KubeList {
  readonly items: readonly KubeObject[]
  readonly resourceVersion: string
}

/** Which objects are meant. */
export interface KubeSelection {
  /** Every namespace when omitted. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** How a patch is written: RFC 7396, RFC 6902, or server-side apply. */
type KubePatch =
  | { readonly merge: object }
  | { readonly json: readonly object[] }
  | { readonly apply: object }

/** What the API server says of a token. */
export interface TokenVerdict {
  readonly authenticated: boolean
  readonly username: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly audiences: readonly string[]
  /** Such as the pod that the token is bound to: `authentication.kubernetes.io/pod-name`. */
  readonly extra: Readonly<Record<string, readonly string[]>>
}

/** The API server: every method rejects with a KubeFailure, also when there is no answer within 15 s. */
export interface Kube {
  /** Everything of a kind, read in pages of 500. */
  list(resource: KubeResource, selection?: KubeSelection, signal?: AbortSignal): Promise<KubeList>
  /**
   * Changes after a version, with bookmarks, until the API server ends the watch (after at most five
   * minutes), nothing comes for 90 s, or the signal aborts. Fails with `gone` when the version is too old.
   */
  watch(
    resource: KubeResource,
    from: KubeSelection & { readonly resourceVersion: string },
    signal: AbortSignal,
  ): AsyncGenerator<KubeEvent>
  /** Null when there is none. */
  get(resource: KubeResource, address: KubeAddress): Promise<KubeObject | null>
  create(resource: KubeResource, address: KubeAddress, object: object): Promise<KubeObject>
  /** Fails with `conflict` when the object carries another version than the present one. */
  replace(resource: KubeResource, address: KubeAddress, object: object): Promise<KubeObject>
  patch(resource: KubeResource, address: KubeAddress, patch: KubePatch): Promise<KubeObject>
  /** Does nothing when there is none. */
  remove(resource: KubeResource, address: KubeAddress): Promise<void>
  /** Asks who a token is, for one audience or another. */
  tokenReview(token: string, audiences: readonly string[]): Promise<TokenVerdict>
}

/** Who the API server names as the author of fields and events. */
const fieldManager = 'writ-controller'

/** Reads the configuration; nothing is sent. Throws a KubeFailure (`unconfigured`) when there is none to use. */
export function openKube({ kubeconfig }: KubeOptions): Kube {
  return kubeOf(readKubeConfig(kubeconfig), fieldManager)
}

/** The API server of a configuration, for a program of this name. */
export function kubeOf(config: SharedKubeConfig, fieldManager: string): Kube {
  const ask = (question: Asked) => answered(config, { agent: fieldManager, ...question })
  return {
    list: (resource, selection = {}, signal) => listed(ask, resource, selection, signal),
    watch: (resource, from, signal) => watched(config, resource, from, signal),
    get: (resource, address) =>
      ask({ method: 'GET', path: pathOf(resource, address) }).catch(nothing),
    create: (resource, address, body) =>
      ask({ method: 'POST', path: pathOf(resource, address), query: { fieldManager }, body }),
    replace: (resource, address, body) =>
      ask({ method: 'PUT', path: pathOf(resource, address), query: { fieldManager }, body }),
    patch: (resource, address, patch) =>
      ask(patching(pathOf(resource, address), patch, fieldManager)),
    async remove(resource, address) {
      await ask({ method: 'DELETE', path: pathOf(resource, address) }).catch(nothing)
    },
    async tokenReview(token, audiences) {
      const review = { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1' }
      const path = pathOf({ group: 'authentication.k8s.io', version: 'v1', plural: 'tokenreviews' })
      const body = { ...review, spec: { token, audiences } }
      return verdictOf((await ask({ method: 'POST', path, body })).status)
    },
  }
}

type Asked = Omit<KubeRequest, 'signal'> & { readonly signal?: AbortSignal | undefined }
type Ask = (question: Asked) => Promise<KubeObject>

/** Longest wait for an answer. */
const longestMs = 15_000

async function answered(config: SharedKubeConfig, { signal, ...asked }: Asked) {
  const limit = AbortSignal.timeout(longestMs)
  const both = signal === undefined ? limit : AbortSignal.any([signal, limit])
  const { body } = await kubeRequest(config, { ...asked, signal: both })
  try {
    return (await body.json()) as KubeObject
  } catch (cause) {
    throw unreachable(cause)
  }
}

function nothing(error: unknown): null {
  if (failedWith(error, 'not_found')) return null
  throw error
}

const pageSize = 500

async function listed(
  ask: Ask,
  resource: KubeResource,
  { namespace, ...selectors }: KubeSelection,
  signal: AbortSignal | undefined,
): Promise<KubeList> {
  const path = pathOf(resource, namespace === undefined ? {} : { namespace })
  const items: KubeObject[] = []
  let next: string | undefined
  for (;;) {
    const query = { ...selectors, limit: pageSize, continue: next }
    const page = (await ask({ method: 'GET', path, query, signal })) as unknown as Page
    for (const item of page.items) items.push(item)
    if (!page.metadata.continue) return { items, resourceVersion: page.metadata.resourceVersion }
    next = page.metadata.continue
  }
}

interface Page {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly KubeObject[]
}

/** Bookmarks come every minute, so that a connection that is silent for longer is broken. */
const silentMs = 90_000

async function* watched(
  config: SharedKubeConfig,
  resource: KubeResource,
  { namespace, ...from }: KubeSelection & { readonly resourceVersion: string },
  signal: AbortSignal,
): AsyncGenerator<KubeEvent> {
  const timeoutSeconds = Math.round(240 + Math.random() * 60)
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), silentMs)
  try {
    const { body } = await kubeRequest(config, {
      method: 'GET',
      path: pathOf(resource, namespace === undefined ? {} : { namespace }),
      query: { ...from, watch: true, allowWatchBookmarks: true, timeoutSeconds },
      signal: AbortSignal.any([signal, silence.signal]),
    })
    for await (const event of watchEvents(body)) {
      timer.refresh()
      yield event
    }
  } catch (error) {
    throw error instanceof KubeFailure ? error : unreachable(error)
  } finally {
    clearTimeout(timer)
  }
}

function patching(path: string, patch: KubePatch, fieldManager: string): Asked {
  const method = 'PATCH'
  if ('merge' in patch) {
    const type = 'application/merge-patch+json'
    return { method, path, query: { fieldManager }, type, body: patch.merge }
  }
  if ('json' in patch) {
    const type = 'application/json-patch+json'
    return { method, path, query: { fieldManager }, type, body: patch.json }
  }
  const query = { fieldManager, force: true }
  return { method, path, query, type: 'application/apply-patch+yaml', body: patch.apply }
}

function verdictOf(status: unknown): TokenVerdict {
  const { authenticated = false, user = {}, audiences = [] } = Object(status)
  const { username = '', uid = '', groups = [], extra = {} } = Object(user)
  return { authenticated: authenticated === true, username, uid, groups, audiences, extra }
}
