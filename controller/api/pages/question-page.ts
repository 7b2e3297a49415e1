import type { ApprovalRequest } from '../../../schemas/approval.ts'
import { personOf } from '../../approvals/person.ts'
import { oneLine, printable } from '../../channels/printable.ts'
import { type Html, html } from './html.ts'
import type { Page } from './page.ts'
import { timeLeft } from './time-left.ts'

/** What the page of one person needs to know besides the request. */
export interface Viewing {
  /** The User who opened it. */
  readonly user: string
  readonly token: string
  /** Milliseconds since 1970. */
  readonly now: number
  /** Why the last answer did not count, and what was written in it. */
  readonly refused?: { readonly message: string; readonly reason: string }
}

/** The question, with two buttons; everything that an agent wrote is shown as it is and does nothing. */
export function questionPage(request: ApprovalRequest, viewing: Viewing): Page {
  const title = `May ${request.agent} ${verbs[request.kind]} ${callOf(request)}?`
  const { refused, user, now } = viewing
  const voted = request.votes.some(vote => personOf(vote.user) === personOf(user))
  return {
    title: oneLine(title, 140),
    body: html`<h1>${oneLine(title, 300)}</h1>
${refused === undefined ? null : html`<p class="note" role="alert">${refused.message}</p>`}
<p>${timeLeft(Date.parse(request.expiresAt) - now)} left, until ${request.expiresAt}. You are
<strong>${printable(user)}</strong>.</p>
${argumentsOf(request)}
${saidByAgent(request)}
<dl>${factsOf(request).map(fact)}</dl>
${votesOf(request)}
${voted ? html`<p class="note">You have answered; others are needed.</p>` : answerForm(request, viewing)}`,
  }
}

const verbs = { tool: 'call', model: 'use', resource: 'read', prompt: 'use' } as const

function callOf({ server, tool }: ApprovalRequest): string {
  return server === undefined ? tool : `${tool} of ${server}`
}

function argumentsOf({ args }: ApprovalRequest): Html {
  return html`<h2>Arguments</h2>
<pre>${printable(JSON.stringify(args, null, 2) ?? 'none')}</pre>`
}

function saidByAgent({ justification }: ApprovalRequest): Html | null {
  return justification === undefined
    ? null
    : html`<h2>What the agent says</h2>
<pre>${printable(justification)}</pre>`
}

type Fact = readonly [name: string, text: string | undefined]

function fact([name, text]: Fact): Html {
  return html`<dt>${name}</dt><dd>${printable(text ?? '')}</dd>
`
}

function factsOf(request: ApprovalRequest): readonly Fact[] {
  const { namespace, agent, apiKey, user, server, tool, rule, requestedAt, id } = request
  const owner = user === undefined ? '' : `, owned by ${user}`
  const all: readonly Fact[] = [
    ['Agent', `${agent} with the key ${apiKey}${owner}`],
    ['Namespace', namespace],
    ['Server', server],
    [names[request.kind], tool],
    ['Why it asks', rule.message],
    ['Rule', placeOf(request)],
    ...request.workflows.map(asked),
    ['Asked', requestedAt],
    ['Request', id],
  ]
  return all.filter(([, text]) => text !== undefined && text !== '')
}

const names = { tool: 'Tool', model: 'Model', resource: 'Resource', prompt: 'Prompt' } as const

function placeOf({ rule: { policy, rule, file, line } }: ApprovalRequest): string {
  const name = [policy, rule].filter(Boolean).join(' / ')
  const place = [file, line].filter(Boolean).join(':')
  return place === '' ? name : `${name} (${place})`
}

function asked({
  name,
  required,
  received,
  mayDecide,
}: ApprovalRequest['workflows'][number]): Fact {
  const who = mayDecide.length === 0 ? 'nobody' : mayDecide.join(', ')
  return [name || 'Owners', `${received} of ${required} approvals; may be given by ${who}`]
}

function votesOf({ votes }: ApprovalRequest): Html | null {
  if (votes.length === 0) return null
  const said = votes.map(({ user, decision, reason, at }): Fact => {
    const why = reason === undefined ? '' : `: ${reason}`
    return [printable(user), `${decision === 'approve' ? 'approved' : 'denied'} at ${at}${why}`]
  })
  return html`<h2>Answers so far</h2>
<dl>${said.map(fact)}</dl>`
}

/** The address is written without its query, so that the token is in the body alone. */
function answerForm({ id, workflows }: ApprovalRequest, { user, token, refused }: Viewing): Html {
  const needed = workflows.some(
    ({ requireReason, mayDecide }) => requireReason && mayDecide.includes(user),
  )
  return html`<form method="post" action="${id}">
<input type="hidden" name="token" value="${token}">
<label for="reason">${needed ? 'Reason (needed)' : 'Reason, if you like'}</label>
<textarea id="reason" name="reason" maxlength="4096">${refused?.reason ?? ''}</textarea>
<div class="answers">
<button class="approve" name="decision" value="approve">Approve</button>
<button class="deny" name="decision" value="deny">Deny</button>
</div>
<p class="faint">Your answer counts once and cannot be changed. This link works for you alone.</p>
</form>`
}

/** What a person sees whose answer counts. */
export function answeredPage({ state, agent, kind, tool }: ApprovalRequest): Page {
  const what = `${agent} may ${state === 'approved' ? '' : 'not '}${verbs[kind]} ${tool}`
  const text =
    state === 'pending'
      ? 'Your approval counts. Others are needed before the call is made.'
      : state === 'approved' || state === 'denied'
        ? `Your answer settled it: ${oneLine(what, 300)}.`
        : `Your answer counts. The request is ${state}.`
  return {
    title: 'Answered',
    body: html`<h1>Thank you</h1>
<p>${text}</p>
<p class="faint">This link has done its work; you can close the page.</p>`,
  }
}

/** What a person sees whose answer did not count. */
export function refusedPage(message: string): Page {
  return {
    title: 'Not counted',
    body: html`<h1>Your answer was not counted</h1>
<p>${message}</p>`,
  }
}

/** The one page for every link that does not open: it does not say why. */
export const invalidLinkPage: Page = {
  title: 'This link is not valid',
  body: html`<h1>This link is not valid, or not any more</h1>
<p>A link opens one question for one person, until the question is answered or its time is over. If you wait for one, use
the newest message, or ask who runs Writ.</p>
<p class="faint">With a key of your own you can answer at a terminal: <code>writ approvals list</code></p>`,
}

/** What whoever tries too often sees. */
export function waitPage(seconds: number): Page {
  return {
    title: 'Too many attempts',
    body: html`<h1>Too many attempts</h1>
<p>Try again in ${seconds} seconds.</p>`,
  }
}
