import Type from 'typebox'
import { validator } from '../../api/validator.ts'
import { slackActions } from './slack-message.ts'

const id = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9]+$' })

/** The parts that are read of a `block_actions` payload; Slack adds others at will. */
const Payload = Type.Object({
  type: Type.Literal('block_actions'),
  user: Type.Object({ id, team_id: Type.Optional(id) }),
  team: Type.Optional(Type.Union([Type.Object({ id }), Type.Null()])),
  enterprise: Type.Optional(Type.Union([Type.Object({ id }), Type.Null()])),
  channel: Type.Optional(Type.Object({ id })),
  container: Type.Optional(Type.Object({ message_ts: Type.Optional(Type.String()) })),
  message: Type.Optional(Type.Object({ ts: Type.String({ maxLength: 64 }) })),
  response_url: Type.String({ maxLength: 2048 }),
  state: Type.Optional(
    Type.Object({ values: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown())) }),
  ),
  actions: Type.Array(
    Type.Object({ action_id: Type.String(), value: Type.Optional(Type.String()) }),
    { maxItems: 25 },
  ),
})

/** A click on a button of a message of ours. */
export interface SlackClick {
  readonly request: string
  readonly decision: 'approve' | 'deny'
  readonly reason: string | null
  readonly member: string
  /** Whether the member is of another workspace than the app; ids are only unique within one. */
  readonly guest: boolean
  /** Workspace of the member; empty where Slack names none. */
  readonly team: string
  /** Conversation in which it was clicked. */
  readonly place: string
  /** Timestamp of the message, which names it in its conversation. */
  readonly message: string
  readonly responseUrl: string
}

/**
 * Reads the form body of an interaction. Null for one that is not about a button of ours; throws a
 * RequestFailure for what is no interaction at all.
 */
export function readSlackClick(body: string): SlackClick | null {
  const payload = validPayload(parsed(new URLSearchParams(body).get('payload') ?? ''))
  const action = payload.actions.find(
    ({ action_id }) => action_id === slackActions.approve || action_id === slackActions.deny,
  )
  if (action?.value === undefined) return null
  const reason = reasonOf(payload.state?.values)
  return {
    request: action.value,
    decision: action.action_id === slackActions.approve ? 'approve' : 'deny',
    reason: reason.trim() === '' ? null : reason.slice(0, 1000),
    member: payload.user.id,
    guest: isGuest(payload),
    team: payload.user.team_id ?? payload.team?.id ?? payload.enterprise?.id ?? '',
    place: payload.channel?.id ?? '',
    message: payload.message?.ts ?? payload.container?.message_ts ?? '',
    responseUrl: payload.response_url,
  }
}

type Payload = Type.Static<typeof Payload>

const validPayload = validator(Payload)

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** In a shared channel people of other workspaces click too. */
function isGuest({ user, team, enterprise }: Payload): boolean {
  if (enterprise || !team || user.team_id === undefined) return false
  return user.team_id !== team.id
}

function reasonOf(values: NonNullable<Payload['state']>['values'] = {}): string {
  const field = values[slackActions.reasonBlock]?.[slackActions.reason]
  const value = typeof field === 'object' && field !== null && 'value' in field ? field.value : ''
  return typeof value === 'string' ? value : ''
}
