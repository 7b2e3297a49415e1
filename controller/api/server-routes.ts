import Type from 'typebox'
import { closed, type Frozen, instant, oneOf, resourceName } from '../../schemas/field.ts'
import type { RuleTable, TableServer } from '../../schemas/rule-table.ts'
import { KnownTool } from '../../schemas/tool-server.ts'
import type { SeenProxy } from '../proxies.ts'
import type { Releases } from '../publish/releases.ts'
import { declare } from './declare.ts'
import { nextWord, pageOf, pageWords } from './page-of.ts'
import { PlaceAnswer } from './place-answer.ts'
import { RequestFailure } from './problem-answer.ts'
import type { Route } from './route.ts'
import { type SeenServer, seenServer, serverStates } from './seen-server.ts'
import { placeIn, tablesSeen } from './tables-seen.ts'

export interface ServerRoutesNeeds {
  readonly releases: Pick<Releases, 'current' | 'body'>
  readonly proxies: { list(): readonly SeenProxy[] }
}

const string = (description: string) => Type.String({ description })
const maybe = (description: string) => Type.Optional(string(description))

const Server = closed(
  {
    id: string('`namespace:name`.'),
    namespace: string('Namespace.'),
    name: string('The ToolServer.'),
    transport: oneOf(['streamable-http', 'sse', 'stdio'], 'How a proxy talks to it.'),
    url: maybe('Address, without its query.'),
    command: maybe('Program, for stdio.'),
    prefix: maybe('Put before the name of every tool.'),
    authType: oneOf(['none', 'bearer', 'api_key', 'oauth'], 'How Writ authenticates itself.'),
    authConfig: Type.Optional(
      closed(
        {
          secretRef: Type.Optional(
            closed(
              { name: string('Secret.'), key: string('Key in it.') },
              'Where the secret is kept.',
            ),
          ),
          header: maybe('Header that carries the key.'),
        },
        'References; a secret is in no answer.',
      ),
    ),
    status: oneOf(
      serverStates,
      '`active`: a proxy reaches it; `error`: none does; `unknown`: none has said.',
    ),
    lastScanAt: Type.Optional(instant('When a proxy spoke of it last.')),
    lastError: maybe('Why a proxy does not reach it.'),
    tools: Type.Optional(Type.Integer({ description: 'How many tools are known.' })),
    at: PlaceAnswer,
  },
  'An MCP server behind Writ.',
)

const ServerPage = closed(
  { mcpServers: Type.Array(Server, { description: 'By namespace and name.' }), next: nextWord },
  'A page of servers.',
)

const ServerQuery = closed(
  {
    namespace: Type.Optional(resourceName('Servers of this namespace.')),
    status: Type.Optional(oneOf(serverStates, 'Servers in this state.')),
    ...pageWords,
  },
  'Which servers; each word narrows.',
)

const Tool = closed(
  {
    ...KnownTool.properties,
    name: string('Name as clients see it.'),
    ownName: string('Name at the server.'),
  },
  'A tool of a server.',
)

const ToolPage = closed(
  {
    tools: Type.Array(Tool, { description: 'By name.' }),
    from: oneOf(['proxy', 'policy'], 'Whether a proxy saw them, or the ToolServer lists them.'),
    next: nextWord,
  },
  'A page of tools.',
)

const ToolQuery = closed(pageWords, 'Which tools.')

const Id = Type.Object({
  id: Type.String({
    pattern: '^[a-z0-9.-]{1,253}:[a-z0-9.-]{1,253}$',
    description: '`namespace:name`.',
  }),
})

const path = '/api/v1/mcp-servers'

/** The MCP servers of the tables in force, and the tools that they offer. */
export function serverRoutes(needs: ServerRoutesNeeds): readonly Route[] {
  return [serversRoute(needs), toolsRoute(needs)]
}

function serversRoute({ releases, proxies }: ServerRoutesNeeds): Route {
  return declare({
    method: 'get',
    path,
    roles: ['admin', 'person'],
    permission: 'view_policies',
    summary: 'MCP servers of your namespaces, and whether they are reached; a page.',
    query: ServerQuery,
    answers: { 200: { description: 'A page of servers.', schema: ServerPage } },
    handle: async ({ query, caller }, response) => {
      const { namespace, status, limit, after } = query
      const tables = await tablesSeen(releases, caller, namespace)
      const seen = proxies.list()
      const all = tables.flatMap(table =>
        table.servers.map(server => serverAnswer(table, server, seen)),
      )
      const rows = all.filter(server => status === undefined || server.status === status)
      const page = pageOf(rows, keyOf, { limit, ...(after !== undefined && { after }) })
      response.json({ mcpServers: page.items, next: page.next } satisfies Frozen<
        Type.Static<typeof ServerPage>
      >)
    },
  })
}

function toolsRoute({ releases, proxies }: ServerRoutesNeeds): Route {
  return declare({
    method: 'get',
    path: `${path}/:id/tools`,
    roles: ['admin', 'person'],
    permission: 'view_policies',
    summary: 'Tools of an MCP server, as a proxy saw them last; a page.',
    params: Id,
    query: ToolQuery,
    answers: { 200: { description: 'A page of tools.', schema: ToolPage } },
    handle: async ({ params, query: { limit, after }, caller }, response) => {
      const [namespace = '', name = ''] = params.id.split(':')
      const [table] = await tablesSeen(releases, caller, namespace)
      const server = table?.servers.find(one => one.name === name)
      if (server === undefined) {
        throw new RequestFailure(404, 'There is no such server.', 'unknown_server')
      }
      const { tools } = seenServer(proxies.list(), namespace, name)
      const { prefix = '', tools: listed = [] } = server.spec
      const named = (tools ?? listed)
        .map(tool => ({ ...tool, ownName: tool.name, name: `${prefix}${tool.name}` }))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
      const page = pageOf(named, tool => tool.name, {
        limit,
        ...(after !== undefined && { after }),
      })
      const from = tools === undefined ? 'policy' : 'proxy'
      response.json({ tools: page.items, from, next: page.next } satisfies Frozen<
        Type.Static<typeof ToolPage>
      >)
    },
  })
}

function keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace} ${name}`
}

function serverAnswer(table: RuleTable, server: TableServer, proxies: readonly SeenProxy[]) {
  const { name, spec, at } = server
  const { transport = 'streamable-http', url, command, prefix } = spec
  const { namespace } = table
  return {
    id: `${namespace}:${name}`,
    namespace,
    name,
    transport,
    ...(url !== undefined && { url: withoutQuery(url) }),
    ...(command !== undefined && { command }),
    ...(prefix !== undefined && { prefix }),
    ...authOf(server),
    ...stateOf(seenServer(proxies, namespace, name), server),
    at: placeIn(table, at),
  }
}

function stateOf({ status, seenAt, error, tools }: SeenServer, { spec }: TableServer) {
  const known = tools ?? spec.tools
  return {
    status,
    ...(seenAt !== undefined && { lastScanAt: seenAt }),
    ...(error !== undefined && { lastError: error }),
    ...(known !== undefined && { tools: known.length }),
  }
}

function authOf({ spec: { auth } }: TableServer) {
  if (auth === undefined || auth.type === 'none') return { authType: 'none' as const }
  const { type, secretRef, header } = auth
  const config = { ...(secretRef && { secretRef }), ...(header !== undefined && { header }) }
  return { authType: type, ...(Object.keys(config).length > 0 && { authConfig: config }) }
}

/** A query is where people put keys that belong into a secret. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '')
}
