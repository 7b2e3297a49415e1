import { randomBytes } from 'node:crypto'
import type { TableRelease } from '../../../schemas/table-release.ts'
import type { Approvals } from '../../approvals/approvals.ts'
import type { SourceState } from '../../status/source-state.ts'
import { activityMessage, type NewEntry } from './activity-message.ts'
import { approvalMessage } from './approval-message.ts'
import { type TopicLog, topicLog } from './topic-log.ts'

/** What one can follow; nothing runs in flows here, so nobody ever hears of one. */
export const topics = ['approvals', 'activity', 'flow_executions', 'system'] as const
export type Topic = (typeof topics)[number]

/** What happens, as it happens, for those who follow it. */
export interface Live {
  /** Tells positions of this process from those of others. */
  readonly stream: string
  log(topic: Topic): TopicLog
  activity(entries: readonly NewEntry[]): void
  /** The source was looked at, and what people should know of it has changed. */
  source(found: SourceNews): void
}

/** How the source was found. */
interface SourceNews {
  /** When. */
  readonly at: number
  /** As the status of the controller names it. */
  readonly state: SourceState['state']
  readonly commit: string | null
  readonly problems: number
}

interface LiveNeeds {
  readonly approvals: Pick<Approvals, 'get' | 'subscribe'>
  readonly releases: { subscribe(listener: (release: TableRelease) => void): () => void }
}

/** Keeps a log of each topic. */
export function openLive({ approvals, releases }: LiveNeeds): Live {
  const stream = randomBytes(4).toString('hex')
  const logs = {
    approvals: topicLog('approvals', stream),
    activity: topicLog('activity', stream),
    flow_executions: topicLog('flow_executions', stream),
    system: topicLog('system', stream),
  }
  const say = (namespace: string | null, content: object) =>
    logs.system.append({ namespace, weight: 512, content: async () => content })
  approvals.subscribe(change => logs.approvals.append(approvalMessage(change, approvals)))
  releases.subscribe(({ namespace, digest, sequence, publishedAt: timestamp }) =>
    say(namespace, { type: 'system', event: 'released', timestamp, namespace, digest, sequence }),
  )
  return {
    stream,
    log: topic => logs[topic],
    activity(entries) {
      for (const entry of entries) logs.activity.append(activityMessage(entry))
    },
    source({ at, ...found }) {
      say(null, {
        type: 'system',
        event: 'source',
        timestamp: new Date(at).toISOString(),
        ...found,
      })
    },
  }
}
