import type { ApprovalRequest } from '../../schemas/approval.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { Actor, Answer, Answered, Approvals } from '../approvals/approvals.ts'
import { askedThrough } from './asked-channels.ts'
import type { KnownChannel } from './channel.ts'

/** An answer that somebody gave by a button in a chat; what it says has been verified. */
export interface ChatAnswer {
  readonly request: string
  readonly answer: Answer
  /** Where the channel is written. */
  readonly home: KnownChannel['home']
  readonly surface: 'slack' | 'mattermost'
  /** The id of the member there. */
  readonly member: string
  /** The member with the place that vouches for the id, for the record. */
  readonly identity: string
  readonly evidence: Readonly<Record<string, string>>
}

/** What became of it; `text` is for the person alone, `request` for the message. */
export interface ChatAnswered {
  readonly text: string
  readonly counted: boolean
  readonly request: ApprovalRequest | null
}

export interface ChatNeeds {
  readonly approvals: Pick<Approvals, 'get' | 'decide' | 'attempted'>
  readonly directory: (namespace: string) => Directory | null
  /** Called before the answer is given, when the message is about to be edited. */
  readonly editable: (request: ApprovalRequest, channel: string) => void
}

/** Passes an answer on, as the User whose member id it is; counts only for requests asked through that channel. */
export async function answerFromChat(needs: ChatNeeds, given: ChatAnswer): Promise<ChatAnswered> {
  const { approvals, directory } = needs
  const { surface, identity, evidence } = given
  const request = await approvals.get(given.request)
  const people = request && directory(request.namespace)
  const asked = request?.workflows.map(({ name }) => name) ?? []
  const channel = people && askedThrough(people, asked, given.home)
  if (request === null || people === null || channel === null) {
    const actor: Actor = { user: '', surface, identity, evidence }
    await approvals.attempted(request?.id ?? null, 'answered through another channel', actor)
    const text = 'This question was not asked here.'
    return { text, counted: false, request: null }
  }
  const actor: Actor = { user: userOf(people, given), surface, identity, evidence }
  needs.editable(request, channel.name)
  const answered = await approvals.decide(request.id, given.answer, actor)
  return {
    text: textOf(given.answer, answered),
    counted: answered.outcome === 'counted',
    request: answered.request ?? request,
  }
}

/** The one User with that member id; nobody when two claim it. */
function userOf({ users }: Directory, { surface, member }: ChatAnswer): string {
  const [first, second] = users.filter(({ spec }) => spec.identities?.[surface] === member)
  return first !== undefined && second === undefined ? first.name : ''
}

function textOf({ decision }: Answer, answered: Answered): string {
  if (answered.outcome === 'refused') return answered.message
  const { state } = answered.request
  if (state !== 'pending') return `Your answer settled it: ${state}.`
  return decision === 'approve' ? 'Your approval counts; others are needed.' : 'Your answer counts.'
}
