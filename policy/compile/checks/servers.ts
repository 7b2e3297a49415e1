import type { Problem } from '../../../schemas/problem.ts'
import type { Resource } from '../resource.ts'
import type { Path } from '../source-document.ts'
import { ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'

/** Tool servers that cannot be reached as written, and credentials where none may stand. */
export function* servers({ resources }: World): Iterable<Problem> {
  for (const server of ofKind(resources, 'ToolServer')) {
    // A portable file says these things in words of its own.
    if (!server.portable) yield* addresses(server)
    yield* credentials(server)
    yield* exposed(server)
    if (server.name === 'builtin')
      yield wrong(server, ['metadata', 'name'], 'reserved_name', reserved)
  }
  for (const resource of resources) yield* headers(resource)
}

function* addresses(server: Resource<'ToolServer'>): Iterable<Problem> {
  const { spec, origin } = server
  const { transport = 'streamable-http' } = spec
  const stdio = transport === 'stdio'
  const lacks = (key: 'url' | 'command') => spec[key] === undefined && !origin.unsure(['spec', key])
  if (origin.unsure(['spec', 'transport'])) return
  if (stdio && lacks('command')) {
    yield wrong(server, ['spec'], 'missing_command', 'A stdio server needs a command.')
  }
  if (!stdio && lacks('url')) {
    yield wrong(server, ['spec'], 'missing_url', `A ${transport} server needs a url.`)
  }
  const stray = stdio
    ? (['url', 'headers', 'auth'] as const)
    : (['command', 'args', 'env', 'cwd'] as const)
  for (const key of stray) {
    if (spec[key] === undefined) continue
    yield wrong(
      server,
      ['spec', key],
      'stray_key',
      `${key} has no meaning for a ${transport} server.`,
    )
  }
}

function* credentials(server: Resource<'ToolServer'>): Iterable<Problem> {
  const { auth } = server.spec
  if (auth === undefined || server.origin.unsure(['spec', 'auth'])) return
  const { type, secretRef, clientId, grant } = auth
  const say = (code: string, message: string) => wrong(server, ['spec', 'auth'], code, message)
  if (type !== 'oauth') {
    if (type !== 'none' && secretRef === undefined)
      yield say('missing_secret', `auth of type ${type} needs a secretRef.`)
    yield* strayOauth(server)
    return
  }
  if (grant === 'client_credentials' && secretRef === undefined)
    yield say('missing_secret', 'The grant client_credentials needs a secretRef.')
  if (clientId !== undefined) return
  if (secretRef !== undefined) yield say('missing_key', readyToken)
  else if (grant === 'client_credentials')
    yield say('missing_key', 'The grant client_credentials needs a clientId.')
}

function* strayOauth(server: Resource<'ToolServer'>): Iterable<Problem> {
  const { auth } = server.spec
  for (const key of ['grant', 'clientId', 'scopes', 'issuer'] as const) {
    if (auth?.[key] === undefined) continue
    const message = `${key} has no meaning for auth of type ${auth.type}.`
    yield wrong(server, ['spec', 'auth', key], 'stray_key', message)
  }
}

const readyToken =
  'For oauth the secretRef is the secret of a client, so it needs a clientId; a token that is there already is of type bearer.'

/** The environment of a program and an address are part of the table, where no secret may be. */
function* exposed(server: Resource<'ToolServer'>): Iterable<Problem> {
  const { env = {}, url = '' } = server.spec
  for (const [name, value] of Object.entries(env)) {
    if (!secretWords.test(name) || value.includes('${') || value === '') continue
    yield problemAt(server.origin, ['spec', 'env', name], {
      severity: 'warning',
      code: 'credential_in_env',
      message: `${name} looks like a credential, which should not be written in a policy.`,
      suggestion: 'Write a reference to an environment variable.',
    })
  }
  if (/^https?:\/\/[^/?#]*@/.test(url)) {
    const message = 'The address carries a user or a password: use a secretRef.'
    yield wrong(server, ['spec', 'url'], 'credential_in_url', message)
  }
}

function* headers(resource: Resource): Iterable<Problem> {
  const spec: { readonly headers?: Readonly<Record<string, string>> } =
    'headers' in resource.spec ? resource.spec : {}
  for (const name of Object.keys(spec.headers ?? {})) {
    if (!secretHeaders.test(name) && !secretWords.test(name)) continue
    const path = ['spec', 'headers', name]
    yield wrong(
      resource,
      path,
      'credential_in_headers',
      `${name} carries a credential: use a secretRef.`,
    )
  }
}

const secretHeaders = /^(authorization|proxy-authorization|cookie)$/i

const secretWords = /api[-_]?key|token|secret|passw/i

const reserved = '"builtin" stands for the tools of Writ itself.'

function wrong({ origin }: Resource, path: Path, code: string, message: string): Problem {
  return problemAt(origin, path, { severity: 'error', code, message }, 'key')
}
