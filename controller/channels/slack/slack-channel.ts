import { asJson } from '../as-json.ts'
import type { Channel } from '../channel.ts'
import { expectSuccess, httpPost } from '../http-post.ts'
import type { Secrets } from '../secrets.ts'
import type { Shown } from '../shown.ts'
import { webhookAddress } from '../webhook-address.ts'
import { type SlackMessage, slackMessage } from './slack-message.ts'

interface SlackNeeds {
  readonly secrets: Secrets
  /** Response URLs of messages that somebody answered, by which they can be replaced. */
  readonly shown: Shown<URL>
}

/** Tells a Slack channel through an incoming webhook; a message that was answered there is edited. */
export function slackChannel({ secrets, shown }: SlackNeeds): Channel {
  return {
    async send({ kind, request, channel }, signal) {
      const buttons = channel.spec.signingSecretRef !== undefined
      const message = slackMessage(request, kind, buttons)
      const answered = kind === 'resolved' ? shown.at(request.id, channel.name) : null
      if (answered !== null && (await replaced(answered, message, signal))) return null
      const address = await webhookAddress(channel, secrets)
      expectSuccess(await httpPost(address, { ...asJson(message), signal }))
      return null
    },
  }
}

/** Whether the message could be replaced; a response URL works five times in thirty minutes. */
async function replaced(url: URL, message: SlackMessage, signal: AbortSignal): Promise<boolean> {
  const body = { replace_original: true, ...message }
  return httpPost(url, { ...asJson(body), signal }).then(
    ({ status }) => status >= 200 && status < 300,
    () => false,
  )
}
