import type { Directory } from '../../../schemas/directory.ts'
import { panelsOf } from '../../approvals/panel.ts'
import { channelNames } from '../asked-channels.ts'
import { knownChannel } from '../channel.ts'
import { peopleOf } from '../delivery/audience.ts'
import type { PushSubscriptions } from '../push/push-subscriptions.ts'
import type { NewsAddress } from './news.ts'

/**
 * Where news about what a workflow watches over goes: through its channels to its people. Without a workflow, or
 * through channels when it names none: all that the namespace has written itself, to the owners.
 */
export async function newsAddresses(
  subscriptions: Pick<PushSubscriptions, 'of'>,
  directory: Directory,
  workflow: string,
): Promise<readonly NewsAddress[]> {
  const [panel] = panelsOf(directory, [workflow], { user: undefined, escalated: [] })
  const users = panel?.mayDecide ?? []
  const named = channelNames(directory, workflow)
  const own = directory.channels.map(({ name }) => name).filter(name => !name.includes('/'))
  const found = (named.length > 0 ? named : own).map(async channel => {
    const recipients = await recipientsOf(subscriptions, directory, channel, users)
    return recipients.map(recipient => ({ directory, channel, recipient }))
  })
  return (await Promise.all(found)).flat()
}

async function recipientsOf(
  subscriptions: Pick<PushSubscriptions, 'of'>,
  directory: Directory,
  name: string,
  users: readonly string[],
): Promise<readonly string[]> {
  const spec = knownChannel(directory, name)?.spec
  switch (spec?.type) {
    case undefined:
      return []
    case 'mail': {
      const asked = directory.users.filter(user => users.includes(user.name))
      return [...new Set([...asked.flatMap(({ spec }) => spec.email ?? []), ...(spec.to ?? [])])]
    }
    case 'push':
      return (await subscriptions.of(peopleOf(directory, users))).map(({ id }) => id)
    case 'github':
    case 'slack':
    case 'mattermost':
    case 'webhook':
      return ['']
  }
}
