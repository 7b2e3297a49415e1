import { isDeepStrictEqual } from 'node:util'
import type { PolicySourceState } from '../../../schemas/policy-source-state.ts'
import { failedWith } from '../failure.ts'
import type { Kube } from '../kube.ts'
import { type Objects, resourceOf, type WritObject } from '../objects.ts'
import { type Condition, conditionsOf } from '../status/conditions.ts'
import type { ObjectEvent } from '../status/events.ts'

/** How a source stands. */
export interface SourceStanding {
  readonly state: PolicySourceState
  /** Why the newest commit is not applied; null when it is. */
  readonly failure: { readonly code: string; readonly message: string } | null
}

type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

/** What people read of a source in its conditions. */
function sourceConditions({ state, failure }: SourceStanding): readonly Said[] {
  const { commit, author = '', subject = '', objects = 0, drifts = 0, drifted = [] } = state
  const at = commit === undefined ? 'No commit' : `Commit ${commit.slice(0, 12)}`
  const by = commit === undefined ? ' is applied' : ` by ${author} is applied: ${subject}`
  const stays = failure === null ? '' : ` ${at}${by}`
  const synced: Omit<Said, 'type'> =
    failure === null
      ? { status: 'True', reason: 'Applied', message: `${at}${by}; ${objects} objects` }
      : { status: 'False', reason: failure.code, message: `${failure.message}${stays}` }
  const named = drifted.map(({ object, by }) => (by === undefined ? object : `${object} by ${by}`))
  const drift: Omit<Said, 'type'> =
    drifts === 0
      ? { status: 'False', reason: 'AsWritten', message: 'The objects are as the repository says.' }
      : { status: 'True', reason: 'EditedByHand', message: `${drifts} edited: ${named.join(', ')}` }
  return [
    { type: 'Ready', ...synced },
    { type: 'Synced', ...synced },
    { type: 'Drifted', ...drift },
  ].map(said => ({ ...said, message: said.message.slice(0, longest) }))
}

const longest = 4000

export interface WriteSourceStatusNeeds {
  readonly kube: Pick<Kube, 'patch'>
  readonly objects: Pick<Objects, 'get' | 'take'>
  readonly now: () => number
}

/** Writes how a source stands into its object when that says something else; returns what people are to be told, or null when it must be tried again. */
export async function writeSourceStatus(
  { kube, objects, now }: WriteSourceStatusNeeds,
  { namespace, name, uid }: WritObject['metadata'],
  standing: SourceStanding,
): Promise<readonly ObjectEvent[] | null> {
  const object = objects.get('PolicySource', namespace, name)
  if (object?.metadata.uid !== uid) return []
  const before = conditionsOf(object)
  const { generation = 0, resourceVersion } = object.metadata
  const own = sourceConditions(standing).map(said => {
    const known = before.find(({ type }) => type === said.type)
    const lastTransitionTime =
      known?.status === said.status ? known.lastTransitionTime : secondsOf(now())
    return { ...said, lastTransitionTime, observedGeneration: generation }
  })
  const others = before.filter(({ type }) => !own.some(condition => condition.type === type))
  const conditions = [...others, ...own]
  const { source: there } = Object(object.status)
  const source = stateAfter(there, standing.state)
  if (isDeepStrictEqual(before, conditions) && isDeepStrictEqual(there, source)) return []
  const status = { conditions, source: { ...emptied(there), ...source } }
  const address = { namespace, name, subresource: 'status' }
  const body = { metadata: { resourceVersion }, status }
  try {
    const resource = resourceOf({ plural: 'policysources' })
    objects.take('PolicySource', await kube.patch(resource, address, { merge: body }))
  } catch (error) {
    if (failedWith(error, 'conflict')) return null
    if (failedWith(error, 'not_found')) return []
    throw error
  }
  return own.flatMap(condition => newsOf(condition, before))
}

/** What was applied before stays so while nothing newer is. */
function stateAfter(there: unknown, state: PolicySourceState): PolicySourceState {
  if (state.commit !== undefined) return state
  const { problems: _, ...before } = Object(there)
  return { ...before, ...state }
}

/** What a merge patch must name to take it away. */
function emptied(there: unknown): Readonly<Record<string, null>> {
  return Object.fromEntries(Object.keys(Object(there)).map(key => [key, null]))
}

function newsOf(condition: Condition, before: readonly Condition[]): readonly ObjectEvent[] {
  const { type, status, reason, message } = condition
  const known = before.find(known => known.type === type)
  const isBad = (type === 'Drifted') === (status === 'True')
  if (type === 'Ready' || known?.message === message) return []
  if (type === 'Drifted' && !isBad) return []
  return [{ type: isBad ? 'Warning' : 'Normal', reason, action: 'Sync', note: message }]
}

function secondsOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
