import type { PortableServer } from '../../schemas/portable-policy.ts'
import type { TableServer } from '../../schemas/rule-table.ts'
import type { ExportDifference } from './export-difference.ts'

/** A server as the portable format says it; null when it cannot be said. */
export function portableServer({ name, spec }: TableServer): {
  readonly server: PortableServer | null
  readonly differences: readonly ExportDifference[]
} {
  const { transport = 'streamable-http', url, auth } = spec
  const differ = (code: 'server' | 'credential', message: string): ExportDifference => ({
    code,
    effect: 'none',
    message,
  })
  if (transport === 'stdio' || url === undefined) {
    const message = `The server ${name} is left out: this format has no servers that are started.`
    return { server: null, differences: [differ('server', message)] }
  }
  const unsaid = (['headers', 'prefix', 'timeout', 'tools'] as const).filter(
    key => spec[key] !== undefined,
  )
  const credential = credentialOf({ name, auth })
  return {
    server: { name, url, transport, ...credential?.said },
    differences: [
      ...unsaid.map(key => differ('server', `Of the server ${name} it is not said: ${key}.`)),
      ...(credential?.message === undefined ? [] : [differ('credential', credential.message)]),
    ],
  }
}

interface Credential {
  readonly said: Partial<PortableServer>
  readonly message?: string
}

function credentialOf({
  name,
  auth,
}: {
  name: string
  auth: TableServer['spec']['auth']
}): Credential | null {
  if (auth === undefined || auth.type === 'none') return null
  const { type, secretRef, header } = auth
  if (type === 'oauth' || secretRef === undefined) {
    return { said: {}, message: `How Writ authenticates itself to ${name} is left out.` }
  }
  const isVariable = secretRef.name === 'env'
  const variable = isVariable ? secretRef.key : variableOf(secretRef)
  const text = `\${${variable}}`
  const message = `The credential of ${name} is expected in the environment variable ${variable}.`
  return {
    said: {
      auth_type: type,
      auth_config:
        type === 'bearer'
          ? { token: text }
          : { api_key: text, ...(header !== undefined && { key_name: header }) },
    },
    ...(!isVariable && { message }),
  }
}

function variableOf({ name, key }: { readonly name: string; readonly key: string }): string {
  return `${name}_${key}`.toUpperCase().replace(/[^A-Z0-9_]/g, '_')
}
