import type { PortableServer } from '../../../schemas/portable-policy.ts'
import type { ToolServerSpec } from '../../../schemas/tool-server.ts'
import { slug } from './slug.ts'

/**
 * An MCP server of a portable file as one of ours. References to environment variables in its address
 * stay as they are written. A credential written as `${NAME}` becomes the secretRef `env` / `NAME`: the
 * environment variable NAME. A credential written out is left behind: the secretRef then names the server
 * and the key it was written under, where somebody has to store it. What these files call oauth is an
 * access token that is there already: a bearer token.
 */
export function serverSpec(server: PortableServer): ToolServerSpec {
  const { url, transport = 'streamable-http', auth_type = 'none', auth_config = {} } = server
  const credential = credentialOf(server)
  return {
    transport: transport === 'http-streaming' ? 'streamable-http' : transport,
    url,
    ...(credential === null
      ? {}
      : {
          auth: {
            type: auth_type === 'oauth' ? 'bearer' : auth_type,
            ...(auth_type === 'api_key' ? { header: auth_config.key_name ?? 'X-API-Key' } : {}),
            secretRef: secretRef(server, credential),
          },
        }),
  }
}

/** A credential of a portable server: the key it is written under, and its text. */
interface Credential {
  readonly key: 'token' | 'access_token' | 'api_key'
  readonly text: string | undefined
}

/** The credential that a portable server's way of authentication needs; null when it needs none. */
export function credentialOf({ auth_type = 'none', auth_config = {} }: PortableServer) {
  const key = credentialKeys[auth_type]
  return key === null ? null : { key, text: auth_config[key] }
}

/** The variable that a text refers to and nothing else; undefined for any other text. */
export function variableOf(text: string): string | undefined {
  return /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(text)?.[1]
}

const credentialKeys = {
  none: null,
  bearer: 'token',
  oauth: 'access_token',
  api_key: 'api_key',
} as const

function secretRef({ name }: PortableServer, { key, text }: Credential) {
  const variable = text === undefined ? undefined : variableOf(text)
  return variable === undefined ? { name: slug(name), key } : { name: 'env', key: variable }
}
