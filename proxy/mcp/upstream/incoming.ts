import type { Json } from '../../../policy/decide/facts.ts'
import { rawMember } from '../raw-member.ts'
import { type Id, isObject, messageOf } from '../rpc.ts'
import type { Incoming, Reply } from './link.ts'

/** What a server wrote: the answer to a request, something of its own, or nothing that can be understood. */
export type Heard =
  | { readonly kind: 'reply'; readonly id: Id; readonly reply: Reply }
  | { readonly kind: 'said'; readonly incoming: Incoming }
  | { readonly kind: 'garbage' }

/** Reads one message of a server. `respond` sends the response to a request of its own. */
export function hear(
  text: string,
  status: number,
  respond: (id: Id, answer: string) => void,
): readonly Heard[] {
  const value = parse(text)
  if (value === undefined) return [{ kind: 'garbage' }]
  if (!Array.isArray(value)) return [heard(value, text, status, respond)]
  return value.map(item => heard(item, JSON.stringify(item), status, respond))
}

function heard(
  value: Json,
  text: string,
  status: number,
  respond: (id: Id, answer: string) => void,
): Heard {
  const message = messageOf(value)
  switch (message.kind) {
    case 'malformed':
      return { kind: 'garbage' }
    case 'response': {
      const kind = 'result' in message.value ? 'result' : 'error'
      const answer = message.value[kind]
      if (!isObject(answer)) return { kind: 'garbage' }
      const reply = { kind, text: rawMember(text, kind) ?? '{}', value: answer, status } as const
      return { kind: 'reply', id: message.id, reply }
    }
    case 'notification': {
      const { method, params } = message
      return { kind: 'said', incoming: { method, params, text: rawMember(text, 'params') ?? '{}' } }
    }
    case 'request': {
      const { method, params, id } = message
      const reply = (answer: string) => respond(id, answer)
      const incoming = { method, params, text: rawMember(text, 'params') ?? '{}', reply, id }
      return { kind: 'said', incoming }
    }
  }
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
