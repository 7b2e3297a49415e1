import { descriptionFor, justificationFor } from '../../policy/decide/justification.ts'
import type { LoadedTable } from '../../policy/decide/load.ts'
import { mayAsk } from '../../policy/decide/may-ask.ts'
import { visible } from '../../policy/decide/visible.ts'
import { type Answer, answerError, answerWith, type Exchange, type Firewall } from './exchange.ts'
import { factsOf, type Subject, subjectOf } from './judge.ts'
import { hintsOf, type Offer, type Offers } from './offers.ts'
import { codes, isObject, type JsonObject } from './rpc.ts'

/** `tools/list`: exactly what could be allowed or approved for this caller. */
export function listTools(firewall: Firewall, exchange: Exchange): Promise<Answer> {
  return list(firewall, exchange, 'tools', ({ tools }, table) => [
    ...named(tools).flatMap(([name, offer]) => {
      const subject = { ...subjectOf('tool', offer.upstream.name, name), ...hintsOf(offer.item) }
      if (offer.headers === null || !seen(firewall, exchange, table, subject)) return []
      return [shownTool(firewall, exchange, table, name, offer, subject)]
    }),
    ...firewall.approvals.own.shown(firewall, exchange),
  ])
}

/** `prompts/list`, in the same way. */
export function listPrompts(firewall: Firewall, exchange: Exchange): Promise<Answer> {
  return list(firewall, exchange, 'prompts', ({ prompts }, table) =>
    named(prompts).flatMap(([name, offer]) => {
      const subject = subjectOf('prompt', offer.upstream.name, name)
      return seen(firewall, exchange, table, subject) ? [{ ...offer.item, name }] : []
    }),
  )
}

/** `resources/list`, in the same way. */
export function listResources(firewall: Firewall, exchange: Exchange): Promise<Answer> {
  return list(firewall, exchange, 'resources', ({ resources }, table) =>
    named(resources).flatMap(([uri, { upstream, item }]) =>
      seen(firewall, exchange, table, subjectOf('resource', upstream.name, uri)) ? [item] : [],
    ),
  )
}

/** `resources/templates/list`: a template is visible when its text would be as a URI. */
export function listTemplates(firewall: Firewall, exchange: Exchange): Promise<Answer> {
  return list(firewall, exchange, 'resourceTemplates', ({ templates }, table) =>
    templates.flatMap(({ upstream, own, item }) =>
      seen(firewall, exchange, table, subjectOf('resource', upstream.name, own)) ? [item] : [],
    ),
  )
}

/** Lists come whole, in one page; stateless clients are told to keep them for nobody and not at all. */
async function list(
  { servers, tables }: Firewall,
  exchange: Exchange,
  field: string,
  shown: (offers: Offers, table: LoadedTable) => JsonObject[],
): Promise<Answer> {
  const { client, params } = exchange
  if (params.cursor !== undefined) {
    return answerError(exchange, codes.invalidParams, 'there is no further page')
  }
  const { namespace } = client.caller
  const offers = await servers.freshOffers(namespace)
  const table = tables.current(namespace)
  const items = table === null ? [] : shown(offers, table)
  const hints = client.era === 'modern' ? { ttlMs: 0, cacheScope: 'private' } : {}
  return answerWith(exchange, { [field]: items, ...hints })
}

function seen(
  { now }: Firewall,
  { client }: Exchange,
  table: LoadedTable,
  subject: Subject,
): boolean {
  return visible(table, factsOf(client, subject, now()))
}

function named(offers: ReadonlyMap<string, Offer | 'ambiguous'>): [string, Offer][] {
  return [...offers].flatMap(([name, offer]) =>
    offer === 'ambiguous' ? [] : [[name, offer] as [string, Offer]],
  )
}

function shownTool(
  { now }: Firewall,
  { client }: Exchange,
  table: LoadedTable,
  name: string,
  { item }: Offer,
  subject: Subject,
): JsonObject {
  const facts = factsOf(client, subject, now())
  const description = descriptionFor(table, facts)
  const reason = justificationFor(table, facts)
  return {
    ...(mayAsk(table, facts) ? asParked(item) : withoutTasks(item)),
    name,
    ...(description === undefined ? {} : { description }),
    ...(reason === 'off' ? {} : { inputSchema: askingWhy(item, reason === 'required') }),
  }
}

/**
 * A tool whose calls may be parked: the answer is then none of the tool's own, against whose output schema clients would
 * hold it.
 */
function asParked({ outputSchema: _, ...item }: JsonObject): JsonObject {
  return { ...item, execution: { taskSupport: 'optional' } }
}

/** A tool whose calls are not carried as tasks, whatever its server says. */
function withoutTasks({ execution: _, ...item }: JsonObject): JsonObject {
  return item
}

/** The tool's input schema with the argument that the proxy takes out again. */
function askingWhy({ inputSchema }: JsonObject, required: boolean): JsonObject {
  const schema = isObject(inputSchema) ? inputSchema : { type: 'object' }
  const properties = isObject(schema.properties) ? schema.properties : {}
  const others = Array.isArray(schema.required)
    ? schema.required.filter(name => name !== 'justification')
    : []
  const demanded = required ? [...others, 'justification'] : others
  return {
    ...schema,
    properties: {
      ...properties,
      justification: {
        type: 'string',
        description: 'Why this call is made: one sentence for the people who review it.',
      },
    },
    ...(demanded.length === 0 ? {} : { required: demanded }),
  }
}
