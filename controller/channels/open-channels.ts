import type { Kysely } from 'kysely'
import type { Dispatcher } from 'undici'
import type { Directory } from '../../schemas/directory.ts'
import type { Attempts } from '../api/attempts.ts'
import type { Route } from '../api/route.ts'
import type { Approvals } from '../approvals/approvals.ts'
import type { OpenForge } from '../chatops/forges.ts'
import type { Database } from '../store/database.ts'
import { type Delivery, delivery } from './delivery/delivery.ts'
import { type Pace, usualPace } from './delivery/pace.ts'
import type { Channels } from './delivery/send-notice.ts'
import { githubChannel } from './github/github-channel.ts'
import type { Links } from './links.ts'
import { mailChannel } from './mail/mail-channel.ts'
import { mattermostChannel } from './mattermost/mattermost-channel.ts'
import { mattermostRoutes } from './mattermost/mattermost-routes.ts'
import { newsAddresses } from './news/addresses.ts'
import { inform } from './news/inform.ts'
import type { News } from './news/news.ts'
import { type NewsDesk, newsDesk } from './news/news-desk.ts'
import { publicAgent } from './public-address.ts'
import { pushChannel } from './push/push-channel.ts'
import { pushRoutes } from './push/push-routes.ts'
import { isPushService, type Reachable } from './push/push-subscription.ts'
import { PushSubscriptions } from './push/push-subscriptions.ts'
import type { VapidKeys } from './push/vapid-keys.ts'
import type { Secrets } from './secrets.ts'
import { shownPlaces } from './shown.ts'
import { slackChannel } from './slack/slack-channel.ts'
import { slackRoutes } from './slack/slack-routes.ts'
import { webhookChannel } from './webhook/webhook-channel.ts'

export interface ChannelsNeeds {
  readonly db: Kysely<Database>
  /** As people's surfaces get them. */
  readonly approvals: Approvals
  readonly attempts: Attempts
  readonly directories: {
    of(namespace: string): Directory | null
    all(): readonly Directory[]
    subscribe(listener: () => void): () => void
  }
  readonly secrets: Secrets
  readonly links: Links
  /** Repositories in which channels of type github ask. */
  readonly forge: OpenForge
  readonly keys: VapidKeys
  /** Origin of Slack's response URLs. */
  readonly slackOrigin?: string | undefined
  readonly now: () => number
  readonly log: { warn(fields: object, message: string): void }
  readonly pace?: Pace
  /** Where push services are reached. */
  readonly push?: { readonly reachable: Reachable; readonly dispatcher: Dispatcher }
}

/** Everything by which people are told, and answer where they are told. */
export interface OpenChannels {
  readonly delivery: Delivery
  readonly news: NewsDesk
  /** Tells whom it concerns in a namespace that there is news of what a workflow watches over; the owners when empty. */
  tell(news: News, directory: Directory, workflow: string): Promise<void>
  /** What chats call when somebody clicks a button, and browsers that want to be told. */
  readonly routes: readonly Route[]
  /** Ends once nothing is sent any more. */
  close(): Promise<void>
}

/** Slack takes replacements for half an hour, Mattermost edits in its answer to a click. */
const shownForMs = 30 * 60_000

/** Joins the channels and their delivery. */
export function openChannels(needs: ChannelsNeeds): OpenChannels {
  const { db, directories, secrets, links, keys, now } = needs
  const { slackOrigin = 'https://hooks.slack.com' } = needs
  const { reachable, dispatcher } = needs.push ?? {
    reachable: isPushService,
    dispatcher: publicAgent(),
  }
  const subscriptions = new PushSubscriptions(db, now)
  const replies = shownPlaces<URL>(shownForMs, now)
  const edited = shownPlaces<'edited'>(shownForMs, now)
  const push = { subscriptions, keys, links, reachable, dispatcher }
  const channels: Channels = {
    mail: mailChannel({ secrets, links }),
    slack: slackChannel({ secrets, shown: replies }),
    mattermost: mattermostChannel({ secrets, links, shown: edited }),
    webhook: webhookChannel({ secrets, now }),
    push: pushChannel({ ...push, now }),
    github: githubChannel({ forge: needs.forge }),
  }
  const news = newsDesk({
    log: needs.log,
    inform: (news, address, signal) =>
      inform({ secrets, now, push, forge: needs.forge }, news, address, signal),
  })
  const chat = { ...needs, directory: (namespace: string) => directories.of(namespace) }
  return {
    news,
    async tell(about, directory, workflow) {
      news.tell(about, await newsAddresses(subscriptions, directory, workflow))
    },
    delivery: delivery({ ...needs, channels, pace: needs.pace ?? usualPace }),
    routes: [
      ...slackRoutes({ ...chat, shown: replies, origins: [slackOrigin] }),
      ...mattermostRoutes({ ...chat, shown: edited }),
      ...pushRoutes({ subscriptions, keys, reachable }),
    ],
    close: () => dispatcher.destroy(),
  }
}
