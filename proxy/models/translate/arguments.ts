import type { Member } from './member.ts'

/** The arguments of a tool call that a client repeats as JSON text; empty text is an empty object. */
export function toolArguments(member: Member): unknown {
  const text = member.maybe(present => present.text()) ?? ''
  if (text.trim() === '') return {}
  const value = parsed(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return member.refuse('must be the JSON text of an object')
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
