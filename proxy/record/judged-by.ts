import type { Facts } from '../../policy/decide/facts.ts'
import { redactText } from '../../records/redact/redact.ts'
import type { Decision } from '../../schemas/decision.ts'
import type { RecordFacts } from '../../schemas/record-facts.ts'
import type { Account } from '../mcp/account.ts'
import type { Caller } from '../mcp/needs.ts'

/** What the record of a call says of its facts, as they were when it was judged. */
export interface JudgedBy {
  /** When it was judged, ms since 1970. */
  readonly time: number
  readonly facts: Members
  readonly account: Account
}

/** What is undefined is not written. */
type Members = {
  readonly [K in keyof Known]: object extends Pick<Known, K> ? Known[K] | undefined : Known[K]
}
type Known = Omit<RecordFacts, 'judgedAt' | 'newTools'>

/** Most names of tools, and most characters of them, that a record has room for. */
const mostTools = 256
const mostCharacters = 8192

/** Takes down of the facts of a call what only its record can tell later. */
export function judgedBy(
  { request, tool, session }: Facts,
  { caller, account }: { readonly caller: Caller; readonly account: Account },
  { table }: Decision,
): JudgedBy {
  return {
    time: request.time,
    account,
    facts: {
      agentTable: caller.table === table ? undefined : caller.table,
      readOnly: tool.readOnly || undefined,
      destructive: tool.destructive || undefined,
      protocol: request.protocol || undefined,
      maxTokens: request.maxTokens || undefined,
      inputTokens: request.inputTokens || undefined,
      ...toolNames(request.tools),
      startedAt: session.startedAt,
      toolCalls: session.toolCalls || undefined,
      modelCalls: session.modelCalls || undefined,
      spentMicroUsd: account.spentMicroUsd || undefined,
      toolsUsed: session.toolsUsed.length || undefined,
    },
  }
}

function toolNames(tools: readonly string[]): Pick<RecordFacts, 'tools' | 'toolsLeftOut'> | null {
  if (tools.length === 0) return null
  const size = tools.reduce((sum, { length }) => sum + length, 0)
  return tools.length > mostTools || size > mostCharacters
    ? { toolsLeftOut: tools.length }
    : { tools: tools.map(name => redactText(name)) }
}

/** The facts as an entry has them that is written now, as JSON. */
export function factsText({ time, facts, account }: JudgedBy, now: number): string {
  const late = time === now ? undefined : time
  const { toolsUsed, toolsTold } = account
  if (toolsTold === toolsUsed.length) return JSON.stringify({ judgedAt: late, ...facts })
  const names = toolsUsed.slice(toolsTold).map(name => redactText(name))
  account.toolsTold = toolsUsed.length
  return JSON.stringify({ judgedAt: late, ...facts, newTools: { from: toolsTold, names } })
}
