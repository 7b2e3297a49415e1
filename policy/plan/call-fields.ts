import type { Call } from '../../schemas/call.ts'
import { factsOf, type Json } from '../decide/facts.ts'

type Fields = { readonly [key: string]: Json }

/** A call with a field set, or left out; null where a call cannot have that value there. */
export function withField(
  call: Call,
  [root = '', ...path]: readonly string[],
  value: Json | undefined,
): Call | null {
  if (root === 'args') return { ...call, args: setIn(call.args as Fields, path, value) }
  if (root === 'tool') {
    const [field] = path
    const isHint = field === 'readOnly' || field === 'destructive'
    return isHint && typeof value === 'boolean' ? { ...call, [field]: value } : null
  }
  if (root !== 'subject' && root !== 'session' && root !== 'request') return null
  if (value !== undefined && !fits([root, ...path].join('.'), value)) return null
  return { ...call, [root]: setIn(call[root] as Fields, path, value) }
}

/** Whether the shape of calls lets a field have a value. */
function fits(field: string, value: Json): boolean {
  if (times.has(field)) return typeof value === 'string' && !Number.isNaN(Date.parse(value))
  if (field.startsWith('subject.labels.')) return typeof value === 'string'
  const usual = usualValues[field]
  if (typeof usual === 'number') return typeof value === 'number' && value >= 0
  if (Array.isArray(usual)) return Array.isArray(value) && value.every(item => item === `${item}`)
  return usual !== undefined && typeof value === typeof usual
}

const times: ReadonlySet<string> = new Set(['request.time', 'session.startedAt'])

/** Fields of a call with a value such as they may have. */
const usualValues: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.entries(factsOf({})).flatMap(([root, fields]) =>
    Object.entries(fields).map(([field, value]) => [`${root}.${field}`, value] as const),
  ),
)

function setIn(
  fields: Fields = {},
  [name = '', ...rest]: readonly string[],
  value: Json | undefined,
): Fields {
  const { [name]: old, ...others } = fields
  if (rest.length === 0) return value === undefined ? others : { ...others, [name]: value }
  const isMap = Object(old) === old && !Array.isArray(old)
  return { ...others, [name]: setIn(isMap ? (old as Fields) : {}, rest, value) }
}
