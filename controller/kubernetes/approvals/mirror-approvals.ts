import type { Kysely } from 'kysely'
import { run, type Service } from '../../../lifecycle/run.ts'
import { wait } from '../../../lifecycle/wait.ts'
import { ApprovalRequest } from '../../../schemas/approval-request.ts'
import type { Approvals } from '../../approvals/approvals.ts'
import type { Directories } from '../../publish/directories.ts'
import type { Database } from '../../store/database.ts'
import type { Kube } from '../kube.ts'
import { type Objects, openObjects } from '../objects.ts'
import { workQueue } from '../reconcile/work-queue.ts'
import { admissionGuard } from './admission-guard.ts'
import { type MirrorLimits, type MirrorRequestNeeds, mirrorRequest } from './mirror-request.ts'
import { waitingRequests } from './waiting-requests.ts'

export interface MirrorNeeds {
  readonly kube: Kube
  readonly approvals: Approvals
  readonly db: Kysely<Database>
  readonly directories: Pick<Directories, 'of' | 'subscribe'>
  readonly now: () => number
  /** A thousand open questions of each namespace, and a day for those that are over, when omitted. */
  readonly limits?: MirrorLimits
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
}

const usual: MirrorLimits = { open: 1000, shownMs: 24 * 3600 * 1000 }

/** Questions that are looked at at once; one question never twice. */
const atOnce = 4

/** How often everything is looked at, whether or not something was heard of it. */
const roundMs = 60_000

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
  const add = (namespace: string, id: string) => queues[shardOf(id)]?.add(`${namespace}/${id}`)
  const listen = () => [
    approvals.subscribe(({ namespace, id }) => add(namespace, id)),
    objects.subscribe(({ before, after }) => {
      const { metadata } = after ?? before ?? {}
      if (metadata !== undefined) add(metadata.namespace, metadata.name)
    }),
    directories.subscribe(({ namespace }) => {
      for (const { metadata } of objects.in(namespace)) add(namespace, metadata.name)
    }),
  ]
  return {
    name: 'mirror of approvals',
    async run(signal) {
      const stops = listen()
      const working = afterwards(objects.synced, [...queues, rounds(needs, objects, add)])
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
  return { approvals, db, directoryOf, guard, now, kube, objects, limits }
}

/** Looks at everything from time to time: time passes, and what was not heard of is found. */
function rounds(
  { db, log, limits = usual }: MirrorNeeds,
  objects: Objects,
  add: (namespace: string, id: string) => void,
): Service {
  return {
    name: 'rounds of the mirror',
    async run(signal) {
      while (!signal.aborted) {
        for (const { metadata } of objects.of(ApprovalRequest.kind)) {
          add(metadata.namespace, metadata.name)
        }
        await waitingRequests(db, limits.open)
          .then(waiting => {
            for (const { namespace, id } of waiting) add(namespace, id)
          })
          .catch(error => log.warn({ err: error }, 'questions not mirrored'))
        await wait(roundMs, signal)
      }
    },
  }
}

/** The last character of an id is random. */
function shardOf(id: string): number {
  return (id.codePointAt(id.length - 1) ?? 0) % atOnce
}

function placeOf(key: string): { readonly namespace: string; readonly id: string } {
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
