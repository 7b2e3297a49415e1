import type { Request, Response } from 'express'
import Type from 'typebox'
import type { ApprovalRequest } from '../../../schemas/approval.ts'
import { remoteKey } from '../../api/attempt-limit.ts'
import type { Attempts } from '../../api/attempts.ts'
import { answerTooMany } from '../../api/guard.ts'
import { answerProblem } from '../../api/problem-answer.ts'
import { jsonBody } from '../../api/read-body.ts'
import type { Route } from '../../api/route.ts'
import { validator } from '../../api/validator.ts'
import type { Actor } from '../../approvals/approvals.ts'
import type { KnownChannel } from '../channel.ts'
import { answerFromChat, type ChatAnswer, type ChatNeeds } from '../chat-answer.ts'
import { ChannelName, ChannelNamespace, homeChannel } from '../home-channel.ts'
import type { Links } from '../links.ts'
import type { Secrets } from '../secrets.ts'
import type { Shown } from '../shown.ts'
import { buttonsOf } from './mattermost-channel.ts'
import { isGenuine } from './mattermost-context.ts'
import { mattermostMessage } from './mattermost-message.ts'

export interface MattermostRoutesNeeds extends Pick<ChatNeeds, 'approvals' | 'directory'> {
  readonly attempts: Attempts
  readonly secrets: Secrets
  readonly links: Links
  readonly shown: Shown<'edited'>
}

const id = Type.String({ maxLength: 64, pattern: '^[a-z0-9]*$' })

/** The parts that are read of a PostActionIntegrationRequest. */
const Click = Type.Object({
  user_id: Type.String({ maxLength: 64, pattern: '^[a-z0-9]+$' }),
  channel_id: Type.Optional(id),
  team_id: Type.Optional(id),
  post_id: Type.Optional(id),
  context: Type.Object({
    request: Type.String({ maxLength: 64 }),
    decision: Type.Union([Type.Literal('approve'), Type.Literal('deny')]),
    mac: Type.String({ maxLength: 64 }),
  }),
})
type Click = Type.Static<typeof Click>

/** What Mattermost calls when somebody clicks a button of a message. */
export function mattermostRoutes(needs: MattermostRoutesNeeds): readonly Route[] {
  const validClick = validator(Click)
  return [
    {
      method: 'post',
      path: '/api/v1/channels/mattermost/:channel',
      roles: 'everyone',
      about: {
        summary: 'What Mattermost calls when somebody clicks a button of a message.',
        params: ChannelName,
        query: ChannelNamespace,
        body: Click,
        answers: { 200: { description: 'How the message reads now, and words for the person.' } },
      },
      body: { type: 'application/json', mostBytes: 65_536 },
      handle: (request, response) => interaction(needs, validClick, request, response),
    },
  ]
}

async function interaction(
  needs: MattermostRoutesNeeds,
  validClick: (value: unknown) => Click,
  request: Request,
  response: Response,
): Promise<void> {
  const channel = homeChannel(needs.directory, request, 'mattermost')
  const ref = channel?.spec.signingSecretRef
  const secret = channel && ref && (await needs.secrets(channel.home.namespace, ref))?.trim()
  if (channel === null || !secret) {
    return answerProblem(response, 404, 'No Mattermost channel with buttons has this name.')
  }
  const click = validClick(jsonBody(request))
  const place = `${channel.home.namespace}/${channel.home.name}`
  if (isGenuine(click.context, place, secret)) return answer(needs, channel, click, response)
  const from = remoteKey(request.socket.remoteAddress)
  const actor: Actor = {
    user: '',
    surface: 'mattermost',
    identity: `channel ${place}`,
    evidence: { address: from },
  }
  const record = { request: null, detail: 'forged Mattermost context', actor }
  const wait = await needs.attempts.failed({ from, record })
  if (wait > 0) answerTooMany(response, wait)
  else answerProblem(response, 401, 'This button was not made here.')
}

async function answer(
  needs: MattermostRoutesNeeds,
  channel: KnownChannel,
  { user_id: member, team_id: team = '', channel_id = '', post_id = '', context }: Click,
  response: Response,
): Promise<void> {
  const { shown } = needs
  let forget = () => {}
  const editable = ({ id }: ApprovalRequest, name: string) => {
    shown.set(id, name, 'edited')
    forget = () => shown.delete(id, name)
  }
  const given: ChatAnswer = {
    request: context.request,
    answer: { decision: context.decision },
    home: channel.home,
    surface: 'mattermost',
    member,
    identity: `${team || 'unknown team'}/${member}`,
    evidence: { team, channel: channel_id, post: post_id },
  }
  const told = await answerFromChat({ ...needs, editable }, given).catch(error => {
    forget()
    throw error
  })
  const { request, text } = told
  if (request === null) return void response.json({ ephemeral_text: text })
  if (request.state === 'pending') forget()
  const buttons = await buttonsOf(needs, channel, request.id)
  const message = mattermostMessage(request, 'created', buttons)
  response.json({
    update: { message: message.text, props: { attachments: message.attachments } },
    ephemeral_text: text,
  })
}
