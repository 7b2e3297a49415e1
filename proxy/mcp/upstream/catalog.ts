import type { Json } from '../../../policy/decide/facts.ts'
import { isObject, type JsonObject } from '../rpc.ts'
import { outgoing, refused } from './introduction.ts'
import type { Link } from './link.ts'

/** What a server offers, as it describes it itself. Items without a usable name are left out. */
export interface Catalog {
  readonly tools: readonly JsonObject[]
  readonly prompts: readonly JsonObject[]
  readonly resources: readonly JsonObject[]
  readonly templates: readonly JsonObject[]
}

export type Offering = keyof Catalog

export const emptyCatalog: Catalog = { tools: [], prompts: [], resources: [], templates: [] }

interface Listing {
  readonly method: string
  readonly capability: string
  /** Where the result keeps the items. */
  readonly field: string
  /** What identifies an item. */
  readonly key: string
}

const listings: { readonly [K in Offering]: Listing } = {
  tools: { method: 'tools/list', capability: 'tools', field: 'tools', key: 'name' },
  prompts: { method: 'prompts/list', capability: 'prompts', field: 'prompts', key: 'name' },
  resources: { method: 'resources/list', capability: 'resources', field: 'resources', key: 'uri' },
  templates: {
    method: 'resources/templates/list',
    capability: 'resources',
    field: 'resourceTemplates',
    key: 'uriTemplate',
  },
}

const mostPages = 100
const mostItems = 10_000

/** Reads all lists of a server; rejects with a ProxyFailure when one cannot be read. */
export async function readCatalog(link: Link, timeoutMs: number): Promise<Catalog> {
  const read = (offering: Offering) => readList(link, listings[offering], timeoutMs)
  const [tools, prompts, resources, templates] = await Promise.all([
    read('tools'),
    read('prompts'),
    read('resources'),
    read('templates'),
  ])
  return { tools, prompts, resources, templates }
}

async function readList(link: Link, listing: Listing, timeoutMs: number): Promise<JsonObject[]> {
  if (!isObject(link.introduction.capabilities[listing.capability])) return []
  const items: JsonObject[] = []
  let cursor: Json | undefined
  for (let page = 0; page < mostPages && items.length < mostItems; page++) {
    const params: JsonObject = cursor === undefined ? {} : { cursor }
    const reply = await link.request(outgoing(listing.method, params, timeoutMs))
    if (reply.kind === 'error') {
      if (reply.value.code === -32601) return items
      throw refused(listing.method, reply)
    }
    items.push(...itemsOf(reply.value[listing.field], listing.key))
    cursor = reply.value.nextCursor
    if (typeof cursor !== 'string') break
  }
  return items.slice(0, mostItems)
}

function itemsOf(value: Json | undefined, key: string): JsonObject[] {
  if (!Array.isArray(value)) return []
  return value.filter(
    (item): item is JsonObject =>
      isObject(item) && typeof item[key] === 'string' && item[key] !== '',
  )
}

/** Which lists differ. */
export function changedIn(old: Catalog, now: Catalog): readonly Offering[] {
  const offerings = Object.keys(listings) as Offering[]
  return offerings.filter(name => JSON.stringify(old[name]) !== JSON.stringify(now[name]))
}

/** Which lists a notification calls changed; none when it is about something else. */
export function changedBy(method: string): readonly Offering[] {
  switch (method) {
    case 'notifications/tools/list_changed':
      return ['tools']
    case 'notifications/prompts/list_changed':
      return ['prompts']
    case 'notifications/resources/list_changed':
      return ['resources', 'templates']
    default:
      return []
  }
}
