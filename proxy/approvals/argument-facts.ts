import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Json } from '../../policy/decide/facts.ts'
import type { NewQuestion } from '../mcp/needs.ts'
import { isObject, type JsonObject } from '../mcp/rpc.ts'

const mostArguments = 256
const longestName = 256

/**
 * What a standing grant can bound without knowing the arguments: each by its digest, SHA-256 of the canonical JSON
 * (RFC 8785) of namespace, name, argument and value, and amounts by their value where people see it. None for
 * a call with more arguments than that is made for.
 */
export function argumentFacts(
  namespace: string,
  name: string,
  args: JsonObject,
  shown: Json,
): Pick<NewQuestion, 'argDigests' | 'numbers'> {
  const all = Object.entries(args)
  if (all.length > mostArguments || all.some(([key]) => key.length > longestName)) return {}
  const seen = isObject(shown) ? shown : {}
  const numbers = all.flatMap(([key, value]) =>
    Number.isFinite(value) && seen[key] === value ? [[key, Number(value)] as const] : [],
  )
  return {
    argDigests: Object.fromEntries(
      all.map(([key, value]) => {
        const text = canonicalize([namespace, name, key, value]) ?? ''
        return [key, `sha256:${hash('sha256', text)}`]
      }),
    ),
    ...(numbers.length > 0 && { numbers: Object.fromEntries(numbers) }),
  }
}
