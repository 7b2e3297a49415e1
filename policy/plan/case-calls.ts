import type { Call } from '../../schemas/call.ts'
import type { CallKind } from '../../schemas/call-kind.ts'
import type { RuleTable, TableAgent } from '../../schemas/rule-table.ts'
import type { KnownTool } from '../../schemas/tool-server.ts'
import type { Case } from './decisions.ts'
import { anything, type NameCell } from './names.ts'
import { sampleOf } from './sample.ts'

/** What is known of a namespace from which calls can be made up. */
export interface Known {
  readonly namespace: string
  readonly agents: readonly TableAgent[]
  readonly servers: RuleTable['servers']
  /** Names of models that agents may ask for. */
  readonly models: readonly string[]
  /** Calls that were made or may be. */
  readonly calls: readonly Call[]
}

/** A call as a case supposes it, its arguments aside. */
export function callOf({ spot, selection }: Case, known: Known): Call {
  const { kind } = spot
  const tool = kind === 'tool' ? toolAt(spot, known) : null
  const name = tool?.name ?? nameIn(spot.name, kind === 'model' ? known.models : [])
  const server = tool?.server ?? serverAt(spot, known)
  const like = known.calls.find(call => nameOf(call, kind) === name)
  return {
    ...(kind !== 'tool' && { kind }),
    ...named[kind](name),
    ...(server !== '' && { server }),
    args: like?.args ?? (sampleOf(tool?.known.inputSchema) as NonNullable<Call['args']>),
    subject: callerOf(selection, known),
  }
}

const named = {
  tool: (tool: string) => ({ tool }),
  model: (model: string) => ({ model }),
  resource: (uri: string) => ({ uri }),
  prompt: (prompt: string) => ({ prompt }),
}

function nameOf({ kind = 'tool', tool, model, uri, prompt }: Call, wanted: CallKind) {
  return kind === wanted ? { tool, model, resource: uri, prompt }[kind] : undefined
}

interface Offer {
  readonly name: string
  readonly server: string
  readonly known: KnownTool
}

/** A tool that is known to be offered there. */
function toolAt({ name, server, named }: Case['spot'], { servers }: Known): Offer | null {
  const there = servers.filter(offering =>
    server === anything ? !named.has(offering.name) : server === offering.name,
  )
  const offers = there.flatMap(({ name: server, spec: { prefix = '', tools = [] } }) =>
    tools.map(known => ({ name: `${prefix}${known.name}`, server, known })),
  )
  return offers.find(offer => name.holds(offer.name)) ?? null
}

function serverAt({ kind, server, named }: Case['spot'], { servers }: Known): string {
  if (server !== anything) return server
  if (kind === 'model') return ''
  return servers.find(({ name }) => !named.has(name))?.name ?? ''
}

function callerOf(
  { agent, apiKey }: Case['selection'],
  known: Known,
): NonNullable<Call['subject']> {
  const { namespace, agents } = known
  const enrolled = agents.find(({ name }) => agent.holds(name))
  const keys = enrolled?.apiKeys.map(({ name }) => name) ?? []
  const key = nameIn(apiKey, keys)
  const { kind = '', user = '', groups = [], labels = {} } = enrolled ?? {}
  return {
    agent: enrolled?.name ?? nameIn(agent, []),
    ...(kind !== '' && { kind }),
    ...(user !== '' && { user, groups }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(key !== '' && { apiKey: key }),
    namespace,
  }
}

/** One of the names in a cell, if possible one that is known. */
function nameIn(cell: NameCell, known: readonly string[]): string {
  const made = ['example', '', ...cell.pieces].map(text => cell.form.replaceAll(anything, text))
  const [name = ''] = [...known, ...made].filter(cell.holds)
  return name
}
