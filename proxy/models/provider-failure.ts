import { ProxyFailure } from '../failure.ts'
import { failureOf } from '../mcp/upstream/http-exchange.ts'

/** What went wrong on the way to a provider, as far as a client or a record is told. */
export function providerFailure(error: Error): ProxyFailure {
  const code = 'code' in error ? error.code : ''
  if (code !== 'UND_ERR_HEADERS_TIMEOUT' && code !== 'UND_ERR_BODY_TIMEOUT') return failureOf(error)
  const options = { cause: error }
  return new ProxyFailure('upstream_timeout', 'the provider did not answer in time', options)
}
