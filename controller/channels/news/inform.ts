import type { Dispatcher } from 'undici'
import { asJson } from '../as-json.ts'
import { knownChannel } from '../channel.ts'
import { ChannelFailure } from '../failure.ts'
import { type GithubNeeds, githubNews } from '../github/github-channel.ts'
import { expectSuccess, httpPost } from '../http-post.ts'
import type { Links } from '../links.ts'
import { mailTo } from '../mail/mail-channel.ts'
import { mattermostNews } from '../mattermost/mattermost-message.ts'
import { pushTo } from '../push/push-channel.ts'
import type { Reachable } from '../push/push-subscription.ts'
import type { PushSubscriptions } from '../push/push-subscriptions.ts'
import type { VapidKeys } from '../push/vapid-keys.ts'
import type { Secrets } from '../secrets.ts'
import { slackNews } from '../slack/slack-message.ts'
import { postSigned } from '../webhook/webhook-channel.ts'
import { webhookAddress } from '../webhook-address.ts'
import { factLines, type News, type NewsAddress } from './news.ts'

export interface InformNeeds extends GithubNeeds {
  readonly secrets: Secrets
  readonly now: () => number
  readonly push: {
    readonly subscriptions: PushSubscriptions
    readonly keys: VapidKeys
    readonly links: Links
    readonly reachable: Reachable
    readonly dispatcher: Dispatcher
  }
}

const dayS = 86_400

/** Tells news at one address. Rejects with a ChannelFailure, or when the signal aborts. */
export async function inform(
  needs: InformNeeds,
  news: News,
  { directory, channel: name, recipient }: NewsAddress,
  signal: AbortSignal,
): Promise<void> {
  const channel = knownChannel(directory, name)
  if (channel === null) throw new ChannelFailure('unavailable', 'the channel is not there any more')
  const { secrets } = needs
  const post = async (message: object) =>
    expectSuccess(
      await httpPost(await webhookAddress(channel, secrets), { ...asJson(message), signal }),
    )
  switch (channel.spec.type) {
    case 'mail':
      return mailTo({ secrets, channel, address: recipient }, mailOf(news), signal)
    case 'push':
      return pushTo(needs.push, recipient, async () => pushOf(news), signal)
    case 'slack':
      return post(slackNews(news.title, factLines(news)))
    case 'mattermost':
      return post(mattermostNews(news.lead, news.title, factLines(news)))
    case 'webhook': {
      const payload = { type: news.type, timestamp: news.at, data: news.data }
      return postSigned(needs, channel, { id: news.id, payload }, signal)
    }
    case 'github':
      return githubNews(needs, channel, news, signal)
  }
}

function mailOf(news: News) {
  const lines = [news.lead, '', news.title, '', ...factLines(news), '', news.closing, '']
  return { subject: `[Writ] ${news.title}`, text: lines.join('\n') }
}

function pushOf({ id, title, type, lead }: News) {
  const payload = { kind: 'news', type, id, tag: id, title, body: lead }
  return { payload, seconds: dayS, urgency: 'normal' as const, topic: id.slice(0, 32) }
}
