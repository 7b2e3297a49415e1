import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import canonicalize from 'canonicalize'
import { decide } from '../policy/decide/decide.ts'
import { factsOf } from '../policy/decide/facts.ts'
import type { LoadedTable } from '../policy/decide/load.ts'
import type { Call } from '../schemas/call.ts'

interface Written {
  readonly session: string
  readonly tool: string
  readonly args: NonNullable<Call['args']>
}

const calls: readonly Written[] = readFileSync(
  join(import.meta.dirname, '../examples/airline/calls/calls.jsonl'),
  'utf8',
)
  .trim()
  .split('\n')
  .map(line => JSON.parse(line))

const start = Date.parse('2026-10-01T00:00:00Z')
const spanMs = 30 * 24 * 3_600_000

/**
 * Records as a proxy writes them, an attempt and an outcome for each of the calls of examples/airline, which are repeated in
 * sessions of their own until there are so many, over thirty days; decided by the table.
 */
export function* recordLines(count: number, table: LoadedTable): Generator<string, void> {
  const parts = recordParts(table)
  for (let seq = 1; seq <= count; ) {
    const call = (seq - 1) / 2
    const part = parts[call % parts.length] as RecordPart
    const round = Math.floor(call / parts.length)
    const at = start + Math.floor((call / (count / 2)) * spanMs)
    const id = `00000000-0000-4000-8000-${call.toString(16).padStart(12, '0')}`
    const shared = `"call":"${id}",${part.before}"session":"${part.session}-${round}",${part.after}`
    yield line(seq++, at, `"phase":"attempt",${part.held}${shared}`)
    yield line(seq++, at + 40, `"phase":"outcome",${part.ended},${shared}`)
  }
}

function line(seq: number, at: number, rest: string): string {
  return `{"proxy":"bench","seq":${seq},"time":"${new Date(at).toISOString()}",${rest}}\n`
}

/** What the records of one call have besides numbers and times, as JSON without braces. */
interface RecordPart {
  readonly session: string
  readonly before: string
  readonly after: string
  readonly held: string
  readonly ended: string
}

function recordParts(table: LoadedTable): readonly RecordPart[] {
  const used = new Map<string, string[]>()
  return calls.map(({ session, tool, args }) => {
    const before = used.get(session) ?? []
    used.set(session, [...before, tool])
    const subject = { agent: 'customer-service', namespace: 'default' }
    const past = { toolCalls: before.length, toolsUsed: [...new Set(before)] }
    const call = { server: 'reservations', tool, args, subject, session: past }
    return partOf(session, tool, args, decide(table, factsOf(call)))
  })
}

function partOf(
  session: string,
  tool: string,
  args: object,
  { observed: _, ...decision }: ReturnType<typeof decide>,
): RecordPart {
  const canonical = canonicalize(args) ?? '{}'
  const about = {
    kind: 'tool',
    server: 'reservations',
    tool,
    argsDigest: `sha256:${hash('sha256', canonical)}`,
    ...decision,
  }
  const caller = { namespace: 'default', agent: 'customer-service', apiKey: 'laptop', user: 'ines' }
  const made = { durationMs: 40, status: 'succeeded', upstreamStatus: '200' }
  const digest = { resultDigest: `sha256:${hash('sha256', tool)}`, resultBytes: 512 }
  const refused = { status: 'refused', error: 'Writ refused the call.' }
  const sent = decision.action === 'allow'
  return {
    session,
    before: `${bare(caller)},`,
    after: `${bare(about)},"args":${canonical}`,
    held: sent ? '"charges":[],' : '',
    ended: bare(sent ? { ...made, ...digest, charges: [], costSource: 'unpriced' } : refused),
  }
}

function bare(members: object): string {
  return JSON.stringify(members).slice(1, -1)
}
