import type { ApprovalRequest } from '../../../schemas/approval.ts'
import type { Directory } from '../../../schemas/directory.ts'
import { panelsOf } from '../../approvals/panel.ts'
import { channelNames } from '../asked-channels.ts'
import { homeOf, knownChannel, type NoticeKind } from '../channel.ts'
import type { Person, StoredSubscription } from '../push/push-subscriptions.ts'

/** One recipient to be told once. */
export interface Address {
  readonly channel: string
  readonly kind: NoticeKind
  /** User, address or subscription; empty for a channel that is one place. */
  readonly recipient: string
  readonly round: number
}

/** What is known about a pending request besides itself. */
export interface Situation {
  readonly directory: Directory
  /** Workflows whose escalation has happened. */
  readonly escalated: readonly string[]
  /** How often people have been reminded. */
  readonly reminders: number
  /** Workflows whose judge has answered. */
  readonly judged: readonly string[]
  /** Browsers of people who may decide. */
  readonly subscriptions: readonly StoredSubscription[]
}

/** Everybody who is to be told of a pending request by now; whoever has been told already is among them. */
export function audience(request: ApprovalRequest, situation: Situation): readonly Address[] {
  const { directory, escalated, reminders } = situation
  const told: Address[] = []
  for (const { name, mayDecide } of waiting(request, situation)) {
    const [before] = panelsOf(directory, [name], { user: request.user, escalated: [] })
    const first = mayDecide.filter(user => before?.mayDecide.includes(user))
    const added = mayDecide.filter(user => !first.includes(user))
    const address = (kind: NoticeKind, users: readonly string[], round = 0) =>
      channelNames(directory, name).flatMap(channel =>
        recipients(situation, channel, kind, users).map(recipient => ({
          ...{ channel, kind, recipient, round },
        })),
      )
    told.push(...address('created', first))
    if (escalated.includes(name)) told.push(...address('escalation', added))
    if (reminders > 0) {
      told.push(...address('reminder', withoutVoters(request, mayDecide), reminders - 1))
    }
  }
  return told
}

/** Workflows that wait for people: not for their judge, and not any more once they have their approvals. */
function waiting(
  { workflows }: ApprovalRequest,
  { directory, judged }: Pick<Situation, 'directory' | 'judged'>,
): ApprovalRequest['workflows'] {
  const judging = new Set(
    directory.workflows
      .filter(({ name, spec }) => spec.ai !== undefined && !judged.includes(name))
      .map(({ name }) => name),
  )
  return workflows.filter(
    ({ name, required, received }) => received < required && !judging.has(name),
  )
}

/** Users as they are written where they come from. */
export function peopleOf(directory: Directory, users: readonly string[]): readonly Person[] {
  return users.map(user => homeOf(directory.namespace, user))
}

function recipients(
  { directory, subscriptions }: Situation,
  name: string,
  kind: NoticeKind,
  users: readonly string[],
): readonly string[] {
  const spec = knownChannel(directory, name)?.spec
  switch (spec?.type) {
    case undefined:
      return []
    case 'mail': {
      const reachable = directory.users.filter(({ spec }) => spec.email !== undefined)
      const known = reachable.map(user => user.name).filter(user => users.includes(user))
      return kind === 'created' ? [...known, ...(spec.to ?? [])] : known
    }
    case 'push': {
      const people = peopleOf(directory, users)
      const isTheirs = ({ namespace, user_name }: StoredSubscription) =>
        people.some(person => person.namespace === namespace && person.name === user_name)
      return subscriptions.filter(isTheirs).map(({ id }) => id)
    }
    case 'github':
    case 'slack':
    case 'mattermost':
    case 'webhook':
      return ['']
  }
}

function withoutVoters({ votes }: ApprovalRequest, users: readonly string[]): readonly string[] {
  return users.filter(user => !votes.some(vote => vote.user === user))
}
