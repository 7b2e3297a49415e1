import type { Facts } from '../../policy/decide/facts.ts'
import type { Account } from '../mcp/account.ts'
import type { Caller } from '../mcp/needs.ts'

/** What policies see of who calls, and of what the session did before. */
export function callerFacts(
  { agent, apiKey, namespace }: Caller,
  account: Account,
): Pick<Facts, 'subject' | 'session'> {
  const { id, startedAt, toolCalls, modelCalls, spentMicroUsd, toolsUsed } = account
  return {
    subject: {
      agent: agent.name,
      kind: agent.kind,
      apiKey,
      user: agent.user,
      groups: agent.groups,
      labels: agent.labels,
      namespace,
    },
    session: {
      id,
      startedAt,
      toolCalls,
      modelCalls,
      spentUsd: spentMicroUsd / 1_000_000,
      toolsUsed,
    },
  }
}
