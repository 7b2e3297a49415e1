import type { Decision } from '../../schemas/decision.ts'
import type { Caller, NewEntry } from '../mcp/needs.ts'
import type { CallTrace } from '../telemetry/call-trace.ts'
import type { JudgedBy } from './judged-by.ts'

/** What both records of a call have in common besides the arguments; what is undefined is not written. */
type Common = {
  readonly [K in keyof Shared]: object extends Pick<Shared, K> ? Shared[K] | undefined : Shared[K]
}
type Shared = Omit<NewEntry, 'time' | 'phase' | 'args' | 'facts'>

/** What the records of a judged call are written from. */
export interface Noted {
  /** Id shared by its two records. */
  readonly call: string
  readonly decision: Decision
  /** Where the call is traced. */
  readonly trace?: CallTrace | undefined
  /** The arguments as the records show them, as JSON. */
  readonly shownArgs: string
  readonly by: JudgedBy
  readonly entry: Common
}

/** The members that say who called. */
export function callerEntry({ agent, apiKey, namespace }: Caller, session: string) {
  return { namespace, agent: agent.name, apiKey, user: agent.user || undefined, session }
}

/** The members that say what was decided. */
export function decisionEntry(decision: Decision) {
  const { action, reason, halt, policy, rule, message, at, commit, table, observed } = decision
  return {
    action,
    reason,
    halt,
    policy,
    rule,
    message,
    at,
    commit,
    workflows: action === 'require_approval' ? decision.workflows : undefined,
    observed: observed.length === 0 ? undefined : observed,
    table: table || undefined,
  }
}
