import { builtinTools } from '../../schemas/builtin-tool.ts'
import { declaredHeaders, type HeaderDeclaration } from './param-headers.ts'
import { isObject, type JsonObject } from './rpc.ts'
import type { Upstream } from './upstream/upstream.ts'

/** Something a server offers, under the name that clients use. */
export interface Offer {
  readonly upstream: Upstream
  /** The name or URI at the server, without the prefix. */
  readonly own: string
  readonly item: JsonObject
  /** Arguments that a tool wants repeated in headers; null where no call could carry them: it is not listed. */
  readonly headers: readonly HeaderDeclaration[] | null
}

/** Found, offered by two servers under one name, or not there. */
export type Found = Offer | 'ambiguous' | 'unknown'

/** What all servers of a namespace offer together. */
export interface Offers {
  readonly upstreams: readonly Upstream[]
  readonly tools: ReadonlyMap<string, Offer | 'ambiguous'>
  readonly prompts: ReadonlyMap<string, Offer | 'ambiguous'>
  readonly resources: ReadonlyMap<string, Offer | 'ambiguous'>
  readonly templates: readonly Offer[]
}

/** Joins the lists of the servers; a name that two of them use belongs to neither, and those of Writ's own tools to no server. */
export function offersOf(upstreams: readonly Upstream[]): Offers {
  const tools = new Map<string, Offer | 'ambiguous'>()
  const prompts = new Map<string, Offer | 'ambiguous'>()
  const resources = new Map<string, Offer | 'ambiguous'>()
  const templates: Offer[] = []
  for (const upstream of upstreams) {
    const { catalog, prefix } = upstream
    for (const item of catalog.tools) {
      const headers = declaredHeaders(item)
      put(tools, prefix, { upstream, own: String(item.name), item, headers })
    }
    for (const item of catalog.prompts) put(prompts, prefix, plain(upstream, item.name, item))
    for (const item of catalog.resources) put(resources, '', plain(upstream, item.uri, item))
    for (const item of catalog.templates) templates.push(plain(upstream, item.uriTemplate, item))
  }
  for (const name of builtinTools) tools.delete(name)
  return { upstreams, tools, prompts, resources, templates }
}

function plain(upstream: Upstream, own: unknown, item: JsonObject): Offer {
  return { upstream, own: String(own), item, headers: [] }
}

function put(offers: Map<string, Offer | 'ambiguous'>, prefix: string, offer: Offer): void {
  const name = prefix + offer.own
  const other = offers.get(name)
  const taken = other !== undefined && (other === 'ambiguous' || other.upstream !== offer.upstream)
  offers.set(name, taken ? 'ambiguous' : offer)
}

/** Which server a resource is read from: the one that lists it, else the only one whose template fits, else the only one there is. */
export function resourceOffer({ resources, templates, upstreams }: Offers, uri: string): Found {
  const listed = resources.get(uri)
  if (listed !== undefined) return listed
  const fitting = templates.filter(({ own }) => fits(own, uri))
  const servers = new Set(fitting.map(({ upstream }) => upstream))
  if (servers.size > 1) return 'ambiguous'
  const candidates = servers.size === 1 ? [...servers] : upstreams.filter(offersResources)
  const [upstream] = candidates
  if (upstream === undefined || candidates.length > 1) return 'unknown'
  return plain(upstream, uri, { uri })
}

function offersResources({ catalog }: Upstream): boolean {
  return catalog.resources.length > 0 || catalog.templates.length > 0
}

/** Whether a URI could come out of a template (RFC 6570): its fixed parts stand in it in order. */
function fits(template: string, uri: string): boolean {
  const parts = template.split(/\{[^{}]*\}/)
  const [first = '', ...rest] = parts
  if (!uri.startsWith(first)) return false
  const last = rest.pop()
  if (last === undefined) return uri === first
  let at = first.length
  for (const part of rest) {
    const found = uri.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return uri.length - last.length >= at && uri.endsWith(last)
}

/** What a tool says of itself as a hint to policies. */
export function hintsOf(item: JsonObject): { readOnly: boolean; destructive: boolean } {
  const annotations = isObject(item.annotations) ? item.annotations : {}
  return {
    readOnly: annotations.readOnlyHint === true,
    destructive: annotations.destructiveHint === true,
  }
}
