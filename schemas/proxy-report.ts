import Type from 'typebox'
import { closed, type Frozen, instant, oneOf } from './field.ts'
import { KnownTool } from './tool-server.ts'

export const UpstreamReport = closed(
  {
    namespace: Type.String({ description: 'Namespace of the ToolServer.' }),
    name: Type.String({ description: 'The ToolServer.' }),
    state: oneOf(['connecting', 'connected', 'failed'], 'Whether the proxy reaches it.'),
    error: Type.Optional(Type.String({ description: 'Why not, without secrets.' })),
    tools: Type.Optional(
      Type.Array(KnownTool, { description: 'The tools it offers, unprefixed.' }),
    ),
  },
  'How a ToolServer looks from a proxy.',
)
export type UpstreamReport = Frozen<Type.Static<typeof UpstreamReport>>

/** What a proxy tells the controller: on every change, and every few seconds. */
export const ProxyReport = closed(
  {
    proxy: Type.String({ description: 'Id of the proxy, stable across restarts.' }),
    version: Type.String({ description: 'Version of Writ.' }),
    startedAt: instant('When it started.'),
    enforced: Type.Record(Type.String(), Type.String(), {
      description: 'Namespace to digest of the table in force.',
    }),
    rejected: Type.Optional(
      Type.Array(
        closed(
          {
            namespace: Type.String({ description: 'Namespace.' }),
            digest: Type.String({ description: 'Table that was not accepted.' }),
            error: Type.String({ description: 'Why.' }),
          },
          'A release that the proxy did not accept.',
        ),
        { description: 'Releases that were not accepted; the last good table stands.' },
      ),
    ),
    halts: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: 64,
        description: 'Ids of the halts that it enforces; omitted when there are none.',
      }),
    ),
    upstreams: Type.Array(UpstreamReport, { description: 'The ToolServers.' }),
    journal: closed(
      {
        seq: Type.Integer({ minimum: 0, description: 'Newest entry written.' }),
        shipped: Type.Integer({ minimum: 0, description: 'Newest entry the controller has.' }),
      },
      'State of the journal.',
    ),
  },
  'State of one proxy.',
)
export type ProxyReport = Frozen<Type.Static<typeof ProxyReport>>
