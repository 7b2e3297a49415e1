import type { ApprovalRequest } from '../../schemas/approval.ts'
import { cut, oneLine, printable } from './printable.ts'

/** A request in words that every channel can show; nothing in it is markup, and all of it is printable. */
export interface QuestionText {
  /** One line of at most 140 characters. */
  readonly title: string
  readonly facts: readonly Fact[]
  /** Redacted arguments as JSON, cut to 2,500 characters. */
  readonly args: string
  /** Whether it shows all of what is asked. Who cannot see all of a call is not offered a button for it. */
  readonly whole: boolean
}

/** A name and what there is to say under it, on at most 500 characters. */
interface Fact {
  readonly name: string
  readonly text: string
}

const most = { args: 2500, fact: 500, title: 140 }

/** Says what a request asks. */
export function questionText(request: ApprovalRequest): QuestionText {
  const { agent, server, tool, rule } = request
  const call = server === undefined ? tool : `${server} / ${tool}`
  const args = printable(JSON.stringify(request.args, null, 2) ?? '')
  const facts: readonly (readonly [string, string | undefined])[] = [
    [nameOf[request.kind], call],
    ['Agent', agentText(request)],
    ['Rule', rule.message],
    ['Written in', placeOf(request)],
    ['The agent says', request.justification],
    ['Needed', neededText(request)],
    ['Open until', request.expiresAt],
  ]
  return {
    title: oneLine(`${agent} asks to ${verbs[request.kind]} ${call}`, most.title),
    facts: facts.flatMap(([name, text]) =>
      text === undefined || text === '' ? [] : [{ name, text: oneLine(text, most.fact) }],
    ),
    args: cut(args, most.args),
    whole: args.length <= most.args && oneLine(call, most.fact) === printable(call),
  }
}

const nameOf = { tool: 'Tool', model: 'Model', resource: 'Resource', prompt: 'Prompt' } as const

const verbs = { tool: 'call', model: 'use', resource: 'read', prompt: 'use' } as const

function agentText({ agent, user, apiKey, namespace }: ApprovalRequest): string {
  const owner = user === undefined ? '' : `, owned by ${user}`
  return `${agent}${owner}, key ${apiKey}, namespace ${namespace}`
}

function placeOf({ rule: { policy, rule, file, line } }: ApprovalRequest): string {
  const name = [policy, rule].filter(Boolean).join(' / ')
  const place = [file, line].filter(Boolean).join(':')
  return [name, place && `(${place})`].filter(Boolean).join(' ')
}

function neededText({ workflows }: ApprovalRequest): string {
  return workflows
    .map(
      ({ name, required, received }) =>
        `${received} of ${required} by ${name || 'the owners of the namespace'}`,
    )
    .join(', ')
}

/** What became of a request, in one line. */
export function outcomeText(request: ApprovalRequest): string {
  const { state, reason, votes } = request
  const by = votes
    .filter(({ decision }) => decision === (state === 'denied' ? 'deny' : 'approve'))
    .map(({ user, surface }) => (surface === 'ai' ? `the model ${user}` : user))
    .join(', ')
  const why = reason ? `: ${reason}` : ''
  return oneLine(`${outcomes[state](by)}${why}`, most.fact)
}

const outcomes: Readonly<Record<ApprovalRequest['state'], (by: string) => string>> = {
  pending: () => 'Waits for an answer',
  approved: by => `Approved by ${by || 'a standing grant'}`,
  consumed: by => `Approved by ${by || 'a standing grant'}, and the call was made`,
  denied: by => `Denied by ${by || 'its workflow'}`,
  expired: () => 'Expired: nobody answered in time, so the call is refused',
  cancelled: () => 'Taken back',
  void: () => 'No longer valid',
}
