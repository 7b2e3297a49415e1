import type { Kysely } from 'kysely'
import { run, type Service } from '../../../lifecycle/run.ts'
import { ApprovalRequest } from '../../../schemas/approval-request.ts'
import type { Approvals } from '../../approvals/approvals.ts'
import type { Directories } from '../../publish/directories.ts'
import type { Database } from '../../store/database.ts'
import type { Kube } from '../kube.ts'
import { type Objects, openObjects, resourceOf } from '../objects.ts'
import { workQueue } from '../reconcile/work-queue.ts'
import { admissionGuard } from './admission-guard.ts'
import {
  type MirrorLimits,
  type MirrorRequestNeeds,
  mirrorRequest,
  type RequestPlace,
} from './mirror-request.ts'
import { isFinal } from './request-object.ts'
import { room } from './room.ts'
import { rounds } from './rounds.ts'

export interface MirrorNeeds {
  readonly kube: Kube
  readonly approvals: Approvals
  readonly db: Kysely<Database>
  readonly directories: Pick<Directories, 'of' | 'subscribe'>
  readonly now: () => number
  /** A thousand open questions of each namespace, and as many that are over, for a day, when omitted. */
  readonly limits?: MirrorLimits
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
}

const usual: MirrorLimits = { open: 1000, over: 1000, shownMs: 24 * 3600 * 1000 }

/** Questions that are looked at at once; one question never twice. */
const atOnce = 4

/**
 * Shows open questions as ApprovalRequests, and takes the decisions that people add to them to the approvals.
 * For one process at a time; another that takes over goes on where this one ended.
 */
export function mirrorApprovals(needs: MirrorNeeds): Service {
  const { kube, approvals, directories, now, log } = needs
  const objects = openObjects({
    kube,
    kinds: [ApprovalRequest],
    onFailure: (error, plural) => log.warn({ err: error, plural }, 'objects not followed'),
  })
  const one = oneOf(needs, objects)
  const queues = Array.from({ length: atOnce }, () => {
    const queue = workQueue({
      async work(key) {
        if (await mirrorRequest(one, placeOf(key))) queue.add(key)
      },
      onFailure: (error, request) => log.warn({ err: error, request }, 'question not mirrored'),
      settleMs: 0,
      now,
    })
    return queue
  })
  const add = ({ namespace, id }: RequestPlace) => queues[shardOf(id)]?.add(`${namespace}/${id}`)
  const looking = rounds({
    ...one,
    objects,
    add,
    remove: ({ namespace, id }) =>
      kube.remove(resourceOf(ApprovalRequest), { namespace, name: id }),
    onFailure: error => log.warn({ err: error }, 'questions not looked at'),
  })
  const listen = () => [
    approvals.subscribe(add),
    objects.subscribe(({ before, after }) => {
      const { metadata } = after ?? before ?? {}
      if (metadata) add({ namespace: metadata.namespace, id: metadata.name })
    }),
    directories.subscribe(({ namespace }) => {
      const open = objects.in(namespace).filter(({ status }) => !isFinal(Object(status).state))
      for (const { metadata } of open) add({ namespace, id: metadata.name })
    }),
  ]
  return {
    name: 'mirror of approvals',
    async run(signal) {
      const stops = listen()
      const working = afterwards(objects.synced, [...queues, looking])
      await run([objects, working], signal).finally(() => {
        for (const stop of stops) stop()
      })
    },
  }
}

/** What it takes to look at one question. */
function oneOf(needs: MirrorNeeds, objects: Objects): MirrorRequestNeeds {
  const { kube, approvals, db, directories, now, log, limits = usual } = needs
  const onChange = (holds: boolean) =>
    holds
      ? log.info({}, 'decisions by kubectl are guarded by an admission policy')
      : log.warn({}, 'no decisions by kubectl: the admission policy writ-approvals is missing')
  const guard = admissionGuard({ kube, now, onChange })
  const directoryOf = (namespace: string) => directories.of(namespace)
  const rooms = room(objects, limits.open)
  return { approvals, db, directoryOf, guard, now, kube, objects, room: rooms, limits }
}

/** The last character of an id is random. */
function shardOf(id: string): number {
  return (id.codePointAt(id.length - 1) ?? 0) % atOnce
}

function placeOf(key: string): RequestPlace {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), id: key.slice(slash + 1) }
}

/** Services that begin when something is there; what is not known yet is not taken for gone. */
function afterwards(ready: Promise<void>, services: readonly Service[]): Service {
  return {
    name: 'afterwards',
    async run(signal) {
      const { promise: aborted, resolve } = Promise.withResolvers<void>()
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
      await Promise.race([ready, aborted])
      if (!signal.aborted) await run(services, signal)
    },
  }
}
