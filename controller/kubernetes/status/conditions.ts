import type { WritObject } from '../objects.ts'
import { pathOfObject } from '../reconcile/object-file.ts'
import type { Verdict } from '../reconcile/verdicts.ts'
import type { Enforcement } from './enforcement.ts'
import { type ObjectProblem, objectProblem, problemWords } from './problem-words.ts'

/** A condition as metav1.Condition has it. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration?: number
}

/** What the controller writes into an object. */
export interface ObjectStatus {
  readonly observedGeneration: number
  readonly conditions: readonly Condition[]
  /** Digest of the table in which the generation came into force. */
  readonly table?: string
  readonly problems?: readonly ObjectProblem[]
}

export interface StatusFacts {
  readonly object: WritObject
  readonly verdict: Verdict
  /** Digest of the table in which this generation came into force; null when it is in none. */
  readonly table: string | null
  readonly enforcement: Enforcement
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Problems in the status of an object. */
const mostProblems = 20

/** Longest message of a condition. */
const longestMessage = 4000

/** What the status of an object is to be. Conditions of others stay. */
export function statusOf(facts: StatusFacts): ObjectStatus {
  const { object, verdict, table, now } = facts
  const { generation, problems, text } = verdict
  const before = conditionsOf(object)
  const ours = [accepted(facts), programmed(facts), enforced(facts)].map(said => {
    const known = before.find(({ type }) => type === said.type)
    const stays = known?.status === said.status
    const lastTransitionTime = stays ? known.lastTransitionTime : timeOf(now)
    return {
      ...said,
      message: said.message.slice(0, longestMessage),
      lastTransitionTime,
      observedGeneration: generation,
    }
  })
  const others = before.filter(({ type }) => !ours.some(condition => condition.type === type))
  const placed = { path: pathOfObject(object), text }
  const shown = problems.slice(0, mostProblems).map(problem => objectProblem(problem, placed))
  return {
    observedGeneration: generation,
    conditions: [...ours, ...others],
    ...(table !== null && { table }),
    ...(shown.length > 0 && { problems: shown }),
  }
}

/** The conditions that an object has now. */
export function conditionsOf({ status }: Pick<WritObject, 'status'>): readonly Condition[] {
  const { conditions } = Object(status)
  return Array.isArray(conditions) ? conditions : []
}

type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

function accepted({ object, verdict }: StatusFacts): Said {
  const type = 'Accepted'
  const { problems, text } = verdict
  if (verdict.accepted) {
    const [warning] = problems
    const message = warning === undefined ? 'It compiles.' : `It compiles. ${warning.message}`
    return { type, status: 'True', reason: 'Compiled', message }
  }
  const [first] = problems
  const path = pathOfObject(object)
  const reason = first?.file === path ? first.code : 'held_back'
  const words = first === undefined ? 'It does not compile.' : problemWords(first, { path, text })
  return { type, status: 'False', reason, message: words }
}

function programmed({ verdict, table }: StatusFacts): Said {
  const type = 'Programmed'
  if (table !== null) {
    return { type, status: 'True', reason: 'InForce', message: `In force since ${brief(table)}` }
  }
  const { inForce, override } = verdict
  if (override !== undefined) {
    return { type, status: 'False', reason: 'Overridden', message: overriddenBy(override) }
  }
  const stands = inForce === null ? 'No generation is' : `Generation ${inForce} stays`
  return { type, status: 'False', reason: 'NotInForce', message: `${stands} in force.` }
}

function enforced({ verdict, table, enforcement }: StatusFacts): Said {
  const type = 'Enforced'
  const { enforcing, proxies } = enforcement
  if (table === null) {
    const { generation, inForce, override } = verdict
    if (override !== undefined) {
      return { type, status: 'False', reason: 'Overridden', message: overriddenBy(override) }
    }
    const stays = inForce === null ? '' : `; generation ${inForce} stays in force`
    const message = `0/${proxies} proxies enforce generation ${generation}${stays}`
    return { type, status: 'False', reason: 'NotInForce', message }
  }
  const counts = `${enforcing}/${proxies} proxies enforce ${brief(table)}`
  if (proxies === 0) {
    const message = 'No proxy is known to which it applies.'
    return { type, status: 'Unknown', reason: 'NoProxies', message }
  }
  return enforcing === proxies
    ? { type, status: 'True', reason: 'Enforced', message: counts }
    : { type, status: 'False', reason: 'ProxiesBehind', message: counts }
}

function overriddenBy({ id, expiresAt }: NonNullable<Verdict['override']>): string {
  return `The override ${id} stands in its place until ${timeOf(expiresAt)}.`
}

function brief(digest: string): string {
  return `${digest.slice(0, 'sha256:'.length + 12)}…`
}

/** A time in whole seconds, as conditions have it. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
