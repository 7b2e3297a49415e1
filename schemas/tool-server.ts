import Type from 'typebox'
import {
  closed,
  duration,
  type Frozen,
  httpUrl,
  oneOf,
  proxyUrl,
  secretRef,
  stringMap,
  text,
} from './field.ts'
import type { Kind } from './resource.ts'

/** A tool as its server describes it, as far as policies need to know it. */
export const KnownTool = closed(
  {
    name: text('Tool name at the server, without the prefix.', 256),
    description: Type.Optional(Type.String({ maxLength: 16384, description: 'What it does.' })),
    inputSchema: Type.Optional(
      Type.Unknown({ description: 'JSON Schema of the arguments; conditions are typed by it.' }),
    ),
  },
  'A tool that the server offers.',
)
export type KnownTool = Frozen<Type.Static<typeof KnownTool>>

const oauthFields = {
  grant: Type.Optional(
    oneOf(
      ['authorization_code', 'client_credentials'],
      'For oauth: a person logs in, or the client itself is who acts.',
      { default: 'authorization_code' },
    ),
  ),
  clientId: Type.Optional(
    text(
      'For oauth: a client that was registered by hand, or the https address of a client ID metadata document.',
      2048,
    ),
  ),
  scopes: Type.Optional(
    Type.Array(
      Type.String({
        pattern: '^[!#-\\[\\]-~]{1,256}$',
        description: 'Scope, as the authorization server calls it.',
      }),
      {
        minItems: 1,
        maxItems: 64,
        uniqueItems: true,
        description:
          'For oauth: what is asked for, and no more; what the server says it needs when omitted.',
      },
    ),
  ),
  issuer: Type.Optional(
    httpUrl('For oauth: the only authorization server that is given anything.'),
  ),
}

export const ToolServerSpec = closed(
  {
    transport: Type.Optional(
      oneOf(['streamable-http', 'sse', 'stdio'], 'How Writ talks to the server.', {
        default: 'streamable-http',
      }),
    ),
    url: Type.Optional(
      proxyUrl(
        `Address of the MCP endpoint, for streamable-http and sse; \`\${NAME}\` in it is a variable of the environment of the proxy.`,
      ),
    ),
    headers: Type.Optional(stringMap('Headers sent with every request; never credentials.')),
    auth: Type.Optional(
      closed(
        {
          type: oneOf(['none', 'bearer', 'api_key', 'oauth'], 'How Writ authenticates itself.'),
          header: Type.Optional(text('Header that carries the key; for api_key.', 128)),
          secretRef: Type.Optional(
            secretRef('The token, the key, or for oauth the secret of the client.'),
          ),
          ...oauthFields,
        },
        'Credentials that Writ presents to the server; the agent never holds them.',
      ),
    ),
    command: Type.Optional(text('Program to start, for stdio.', 4096)),
    args: Type.Optional(
      Type.Array(Type.String({ maxLength: 4096 }), {
        maxItems: 256,
        description: 'Arguments of the program.',
      }),
    ),
    env: Type.Optional(
      stringMap('Environment of the program, besides PATH and HOME; nothing else is passed on.'),
    ),
    cwd: Type.Optional(
      text('Folder the program starts in, relative to the file that says so.', 4096),
    ),
    prefix: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_.-]{1,64}$',
        description: 'Put before the name of every tool and prompt of the server.',
      }),
    ),
    timeout: Type.Optional(duration('How long one call may take.', '60s')),
    tools: Type.Optional(
      Type.Array(KnownTool, {
        maxItems: 4096,
        description:
          'The tools as known when the policy was written; conditions are checked against them.',
      }),
    ),
  },
  'An MCP server behind Writ: transport, address, credentials by reference, name prefix.',
)
export type ToolServerSpec = Frozen<Type.Static<typeof ToolServerSpec>>

export const ToolServer = {
  kind: 'ToolServer',
  plural: 'toolservers',
  shortNames: ['ts'],
  description: 'An MCP server whose tools agents reach through Writ.',
  spec: ToolServerSpec,
  served: true,
  columns: [
    { name: 'Transport', type: 'string', jsonPath: '.spec.transport' },
    { name: 'URL', type: 'string', jsonPath: '.spec.url', priority: 1 },
  ],
} satisfies Kind
