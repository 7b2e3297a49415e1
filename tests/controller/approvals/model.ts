import type { ApprovalState } from '../../../schemas/approval-state.ts'

/** Approvals as the design says them, in a page: what every step leads to, without a store and without races. */
export interface Model {
  readonly now: number
  readonly rules: Rules
  /** People of the team that is asked; two of them must approve. */
  readonly team: readonly string[]
  /** For each call, what was ever asked about it, oldest first. */
  readonly requests: Readonly<Record<Slot, readonly ModelRequest[]>>
}

/** Two different calls of one agent, whose owner is dan. */
export type Slot = 'a' | 'b'

/** Whether the rule that asks is there, denies, or is gone. */
export type Rules = 'ask' | 'deny' | 'gone'

interface ModelRequest {
  readonly state: ApprovalState
  readonly votes: readonly string[]
  readonly expiresAt: number
  /** When an approval that was not used ends. */
  readonly unusedAt: number
}

export type Step =
  | { readonly do: 'ask'; readonly slot: Slot }
  | { readonly do: 'approve' | 'deny'; readonly slot: Slot; readonly user: string }
  | { readonly do: 'cancel'; readonly slot: Slot }
  | { readonly do: 'claim'; readonly slot: Slot; readonly as: 'asked' | 'changed' | 'asking more' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'sweep' }
  | { readonly do: 'publish'; readonly rules: Rules; readonly team: readonly string[] }
  | { readonly do: 'reconsider' }
  | { readonly do: 'restart' }

const timeoutMs = 3_600_000
const unusedMs = 24 * 3_600_000

/** What the step leads to. */
export function after(model: Model, step: Step): Model {
  switch (step.do) {
    case 'wait':
      return { ...model, now: model.now + step.ms }
    case 'publish':
      return { ...model, rules: step.rules, team: step.team }
    case 'restart':
      return model
    case 'sweep':
      return everywhere(model, request => timed(model, request))
    case 'reconsider':
      return everywhere(model, request => supported(model, request))
    case 'ask':
      return asked(model, step.slot)
    case 'approve':
    case 'deny':
      return newest(model, step.slot, request =>
        request.state === 'pending'
          ? answered(model, supported(model, timed(model, request)), step.user, step.do)
          : request,
      )
    case 'cancel':
      return newest(model, step.slot, request => {
        const now = request.state === 'pending' ? timed(model, request) : request
        return now.state === 'pending' ? { ...now, state: 'cancelled' } : now
      })
    case 'claim':
      return newest(model, step.slot, request => {
        if (request.state !== 'approved') return request
        const now = supported(model, timed(model, request))
        if (now.state !== 'approved') return now
        return { ...now, state: step.as === 'asked' ? 'consumed' : 'void' }
      })
  }
}

function asked(model: Model, slot: Slot): Model {
  const past = newest(model, slot, request => {
    const now = timed(model, request)
    return isOpen(now) && model.rules !== 'ask' ? { ...now, state: 'void' } : now
  })
  const open = past.requests[slot].at(-1)
  if (open !== undefined && isOpen(open)) return past
  const fresh: ModelRequest = {
    state: model.rules === 'ask' ? 'pending' : 'void',
    votes: [],
    expiresAt: model.now + timeoutMs,
    unusedAt: 0,
  }
  return { ...past, requests: { ...past.requests, [slot]: [...past.requests[slot], fresh] } }
}

function answered(
  model: Model,
  request: ModelRequest,
  user: string,
  decision: 'approve' | 'deny',
): ModelRequest {
  if (request.state !== 'pending' || !mayDecide(model, user)) return request
  if (request.votes.some(vote => vote.endsWith(user))) return request
  const votes = [...request.votes, `${decision} ${user}`]
  if (decision === 'deny') return { ...request, votes, state: 'denied' }
  const enough = approvals(model, votes) >= 2
  return enough
    ? { ...request, votes, state: 'approved', unusedAt: model.now + unusedMs }
    : { ...request, votes }
}

function mayDecide({ team }: Model, user: string): boolean {
  return user !== 'dan' && team.includes(user)
}

function approvals(model: Model, votes: readonly string[]): number {
  return votes.filter(vote => mayDecide(model, vote.replace('approve ', ''))).length
}

/** What time makes of it. */
function timed({ now }: Model, request: ModelRequest): ModelRequest {
  if (request.state === 'pending' && request.expiresAt <= now)
    return { ...request, state: 'expired' }
  if (request.state === 'approved' && request.unusedAt <= now) return { ...request, state: 'void' }
  return request
}

/** What the rules and people in force make of it. */
function supported(model: Model, request: ModelRequest): ModelRequest {
  if (!isOpen(request)) return request
  const stands =
    model.rules === 'ask' && (request.state === 'pending' || approvals(model, request.votes) >= 2)
  return stands ? request : { ...request, state: 'void' }
}

function isOpen({ state }: ModelRequest): boolean {
  return state === 'pending' || state === 'approved'
}

function newest(model: Model, slot: Slot, change: (request: ModelRequest) => ModelRequest): Model {
  const all = model.requests[slot]
  const last = all.at(-1)
  if (last === undefined) return model
  return { ...model, requests: { ...model.requests, [slot]: [...all.slice(0, -1), change(last)] } }
}

function everywhere(model: Model, change: (request: ModelRequest) => ModelRequest): Model {
  return {
    ...model,
    requests: { a: model.requests.a.map(change), b: model.requests.b.map(change) },
  }
}
