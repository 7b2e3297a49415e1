import type { Record as Entry } from '../../schemas/record.ts'
import type { RecordFacts } from '../../schemas/record-facts.ts'

type Fields = Readonly<Record<string, unknown>>

const counts = [
  'maxTokens',
  'inputTokens',
  'toolsLeftOut',
  'toolCalls',
  'modelCalls',
  'spentMicroUsd',
  'toolsUsed',
] as const

/** What an entry says of the facts of its call; null where it says nothing, or nothing that makes sense. */
export function notedFacts({ facts }: Pick<Entry, 'facts'>): RecordFacts | null {
  const value: unknown = facts
  return isFacts(value) ? (value as unknown as RecordFacts) : null
}

function isFacts(value: unknown): value is Fields {
  if (!isObject(value)) return false
  const { startedAt, judgedAt, readOnly, destructive, protocol, agentTable, tools } = value
  return (
    isInstant(startedAt) &&
    (judgedAt === undefined || isInstant(judgedAt)) &&
    [readOnly, destructive].every(is => is === undefined || typeof is === 'boolean') &&
    [protocol, agentTable].every(is => is === undefined || typeof is === 'string') &&
    (tools === undefined || areNames(tools)) &&
    counts.every(name => value[name] === undefined || isCount(value[name])) &&
    isNews(value.newTools)
  )
}

function isNews(value: unknown): boolean {
  return value === undefined || (isObject(value) && isCount(value.from) && areNames(value.names))
}

function areNames(value: unknown): boolean {
  return Array.isArray(value) && value.every(name => typeof name === 'string')
}

function isInstant(value: unknown): boolean {
  return Number.isSafeInteger(value) && Math.abs(Number(value)) <= 8.64e15
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
