import { asJson } from '../as-json.ts'
import type { Channel, KnownChannel } from '../channel.ts'
import { ChannelFailure } from '../failure.ts'
import { expectSuccess, httpPost } from '../http-post.ts'
import type { Links } from '../links.ts'
import { type Secrets, secretOf } from '../secrets.ts'
import type { Shown } from '../shown.ts'
import { webhookAddress } from '../webhook-address.ts'
import { mattermostContext } from './mattermost-context.ts'
import { type MattermostButtons, mattermostMessage } from './mattermost-message.ts'

interface MattermostNeeds {
  readonly secrets: Secrets
  readonly links: Links
  /** Messages that were edited in answer to a click and say already how it ended. */
  readonly shown: Shown<'edited'>
}

/** Tells a Mattermost channel through an incoming webhook. */
export function mattermostChannel(needs: MattermostNeeds): Channel {
  const { secrets, shown } = needs
  return {
    async send({ kind, request, channel }, signal) {
      if (kind === 'resolved' && shown.at(request.id, channel.name) !== null) return null
      const buttons = await buttonsOf(needs, channel, request.id)
      const message = mattermostMessage(request, kind, buttons)
      const address = await webhookAddress(channel, secrets)
      expectSuccess(await httpPost(address, { ...asJson(message), signal }))
      return null
    },
  }
}

const shortestKey = 32

/** The buttons of a message; null where Mattermost cannot post back. */
export async function buttonsOf(
  { secrets, links }: Pick<MattermostNeeds, 'secrets' | 'links'>,
  { home, spec }: KnownChannel,
  request: string,
): Promise<MattermostButtons | null> {
  const url = await links.callback(`api/v1/channels/mattermost/${home.name}`)
  if (url === null || spec.signingSecretRef === undefined) return null
  const secret = await secretOf(secrets, home.namespace, spec.signingSecretRef)
  if (secret.length < shortestKey) {
    throw new ChannelFailure(
      'misconfigured',
      `the key of the buttons has fewer than ${shortestKey} characters`,
    )
  }
  url.searchParams.set('namespace', home.namespace)
  const channel = `${home.namespace}/${home.name}`
  return { url, context: decision => mattermostContext({ request, decision, channel }, secret) }
}
