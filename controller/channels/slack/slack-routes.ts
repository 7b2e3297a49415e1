import { createHash } from 'node:crypto'
import type { Request, Response } from 'express'
import Type from 'typebox'
import { remoteKey } from '../../api/attempt-limit.ts'
import type { Attempts } from '../../api/attempts.ts'
import { answerTooMany } from '../../api/guard.ts'
import { answerProblem } from '../../api/problem-answer.ts'
import type { Route } from '../../api/route.ts'
import type { Actor } from '../../approvals/approvals.ts'
import { asJson } from '../as-json.ts'
import type { KnownChannel } from '../channel.ts'
import { answerFromChat, type ChatAnswered, type ChatNeeds } from '../chat-answer.ts'
import { ChannelName, ChannelNamespace, homeChannel } from '../home-channel.ts'
import { httpPost } from '../http-post.ts'
import { type Once, rememberOnce } from '../once.ts'
import type { Secrets } from '../secrets.ts'
import type { Shown } from '../shown.ts'
import { readSlackClick, type SlackClick } from './slack-interaction.ts'
import { escapeMrkdwn, slackMessage } from './slack-message.ts'
import { slackSignature } from './slack-signature.ts'

export interface SlackRoutesNeeds extends Pick<ChatNeeds, 'approvals' | 'directory'> {
  readonly attempts: Attempts
  readonly secrets: Secrets
  readonly shown: Shown<URL>
  /** Origins that response URLs may have. */
  readonly origins: readonly string[]
  readonly now: () => number
}

/** What Slack sends: one field that holds JSON. */
const SignedForm = Type.Object({ payload: Type.String({ description: 'The interaction.' }) })

const mostAgeMs = 2 * 300_000

/** What Slack calls when somebody clicks a button of a message. */
export function slackRoutes(needs: SlackRoutesNeeds): readonly Route[] {
  const once = rememberOnce(mostAgeMs)
  return [
    {
      method: 'post',
      path: '/api/v1/channels/slack/:channel',
      roles: 'everyone',
      about: {
        summary: 'What Slack calls when somebody clicks a button of a message; signed by Slack.',
        params: ChannelName,
        query: ChannelNamespace,
        body: SignedForm,
        answers: {
          200: { description: 'The click was read; what became of it is shown in Slack.' },
        },
      },
      body: { type: 'application/x-www-form-urlencoded', mostBytes: 262_144 },
      handle: (request, response) => interaction(needs, once, request, response),
    },
  ]
}

async function interaction(
  needs: SlackRoutesNeeds,
  once: Once,
  request: Request,
  response: Response,
): Promise<void> {
  const channel = homeChannel(needs.directory, request, 'slack')
  const secret = channel && (await signingSecret(channel, needs.secrets))
  if (channel === null || secret === null) {
    return answerProblem(response, 404, 'No Slack channel with buttons has this name.')
  }
  const body: Buffer = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  const signature = request.get('x-slack-signature')
  const timestamp = request.get('x-slack-request-timestamp')
  const worth = slackSignature({ timestamp, signature, body }, secret, needs.now())
  const refused = { channel, from: remoteKey(request.socket.remoteAddress) }
  if (worth === 'forged') return refuse(needs, { ...refused, why: worth, id: null }, response)
  const click = readSlackClick(body.toString('utf8'))
  const id = click?.request ?? null
  if (worth === 'old') return refuse(needs, { ...refused, why: worth, id }, response)
  const digest = createHash('sha256').update(`${timestamp} `).update(body).digest('hex')
  if (!once.first(digest, needs.now())) {
    return refuse(needs, { ...refused, why: 'replayed', id }, response)
  }
  if (click === null) return void response.status(200).end()
  await answer(needs, channel, click, response)
}

async function signingSecret({ home, spec }: KnownChannel, secrets: Secrets) {
  const { signingSecretRef: ref } = spec
  return ref === undefined ? null : (await secrets(home.namespace, ref))?.trim() || null
}

interface Refused {
  readonly channel: KnownChannel
  readonly from: string
  readonly why: string
  /** The request, where the sender is known to be Slack. */
  readonly id: string | null
}

async function refuse(
  { attempts }: SlackRoutesNeeds,
  { channel: { home }, from, why, id }: Refused,
  response: Response,
): Promise<void> {
  const actor: Actor = {
    user: '',
    surface: 'slack',
    identity: `channel ${home.namespace}/${home.name}`,
    evidence: { address: from },
  }
  const record = { request: id, detail: `${why} Slack signature`, actor }
  const wait = await attempts.failed({ from, record })
  if (wait > 0) answerTooMany(response, wait)
  else
    answerProblem(response, 401, 'The signature is not one of Slack, or was used, or is too old.')
}

async function answer(
  needs: SlackRoutesNeeds,
  { home }: KnownChannel,
  click: SlackClick,
  response: Response,
): Promise<void> {
  const reply = replyUrl(click.responseUrl, needs.origins)
  const { shown } = needs
  const answered = await answerFromChat(
    {
      ...needs,
      editable: ({ id }, name) => {
        if (reply !== null) shown.set(id, name, reply)
      },
    },
    {
      request: click.request,
      answer: { decision: click.decision, ...(click.reason && { reason: click.reason }) },
      home,
      surface: 'slack',
      member: click.guest ? '' : click.member,
      identity: `${click.team || 'unknown team'}/${click.member}`,
      evidence: { team: click.team, channel: click.place, message: click.message },
    },
  )
  // Slack waits three seconds; what it shows comes by the response URL.
  response.status(200).end()
  if (reply !== null) await show(reply, answered)
}

/** Only Slack's own addresses: the payload says where to post, and may say anything. */
function replyUrl(text: string, origins: readonly string[]): URL | null {
  const url = URL.parse(text)
  return url !== null && origins.includes(url.origin) ? url : null
}

/** Tells the person, and everybody else when the question is still open; its end is told to all channels alike. */
async function show(url: URL, told: ChatAnswered): Promise<void> {
  const signal = AbortSignal.timeout(10_000)
  const ephemeral = { response_type: 'ephemeral', replace_original: false }
  const post = (body: object) => httpPost(url, { ...asJson(body), signal }).catch(() => undefined)
  await post({ ...ephemeral, text: escapeMrkdwn(told.text) })
  const { request, counted } = told
  if (!counted || request?.state !== 'pending') return
  const message = slackMessage(request, 'created', true)
  await post({ replace_original: true, ...message })
}
