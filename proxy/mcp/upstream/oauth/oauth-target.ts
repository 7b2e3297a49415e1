import { type HttpTarget, httpTarget } from '../http-target.ts'
import { authorized } from './authorized.ts'
import { probe } from './probe.ts'
import { TokenKeeper, type TokenKeeperNeeds } from './token-keeper.ts'

/** Opens a pool for the server whose requests carry a token. */
export function oauthTarget(needs: Omit<TokenKeeperNeeds, 'probe'>): HttpTarget {
  const { server } = needs
  const target = httpTarget(server.url.href, server.headers)
  const keeper = new TokenKeeper({ ...needs, probe: () => probe(target, server) })
  return { ...target, pool: authorized(target.pool, keeper, server.url) }
}
