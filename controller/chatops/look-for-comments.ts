import type { Kysely } from 'kysely'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { Directory } from '../../schemas/directory.ts'
import { knownChannel } from '../channels/channel.ts'
import type { ForgeComment } from '../forge/forge.ts'
import type { Database } from '../store/database.ts'
import { parseCommand } from './command.ts'
import type { CommandDesk } from './command-desk.ts'
import { channelPlace, type ForgePlace, keyOf } from './forge-places.ts'
import type { OpenForge } from './forges.ts'
import { resemblance } from './resemblance.ts'

export interface LookNeeds {
  readonly db: Kysely<Database>
  readonly directories: () => readonly Directory[]
  readonly forge: OpenForge
  readonly take: CommandDesk['take']
  readonly log: { warn(fields: object, message: string): void }
  /** How often is looked while a question waits in a thread; 10 s when omitted. */
  readonly everyMs?: number
}

const usualMs = 10_000

/** Clocks differ, and a comment may be listed a moment late. */
const overlapMs = 60_000

/**
 * Finds answers in threads in which a question waits, whether or not anybody tells of them. Nothing is asked
 * of a forge while no question waits there.
 */
export function lookForComments(needs: LookNeeds): Service {
  const seen = new Map<string, Seen>()
  return {
    name: 'answers in threads',
    async run(signal) {
      while (!signal.aborted) {
        await look(needs, seen, signal).catch(error => {
          if (!signal.aborted) needs.log.warn({ err: error }, 'answers in threads not looked for')
        })
        await wait(needs.everyMs ?? usualMs, signal)
      }
    },
  }
}

/** What the last look at a place found. */
interface Seen {
  /** From when on is looked. */
  readonly since: Date
  /** Comments that need no other look while they stay as they are. */
  readonly comments: ReadonlySet<string>
}

async function look(needs: LookNeeds, seen: Map<string, Seen>, signal: AbortSignal): Promise<void> {
  const waiting = await waitingPlaces(needs)
  for (const key of seen.keys()) if (!waiting.has(key)) seen.delete(key)
  const looks = [...waiting].map(([key, { place, since }]) =>
    lookAt(needs, place, seen.get(key) ?? { since, comments: new Set() }, signal).then(
      found => seen.set(key, found),
      error => {
        const { repository } = place
        if (!signal.aborted) needs.log.warn({ err: error, repository }, 'thread not looked at')
      },
    ),
  )
  await Promise.all(looks)
}

/** Has everything looked at that is new and may be a command. */
async function lookAt(
  { forge, take }: LookNeeds,
  place: ForgePlace,
  { since, comments: before }: Seen,
  signal: AbortSignal,
): Promise<Seen> {
  const listed = await forge(place).commentsSince(since, signal)
  const { origin, repository } = place
  const isTaken = (comment: ForgeComment) =>
    before.has(stateOf(comment)) ||
    !mayBeCommand(comment.body) ||
    take({ origin, repository, commentId: comment.id, deliveryId: null })
  const taken = listed.filter(isTaken)
  if (taken.length < listed.length) return { since, comments: before }
  const newest = Math.max(...listed.map(({ updatedAt }) => Date.parse(updatedAt) - overlapMs))
  return {
    since: new Date(Math.max(since.getTime(), newest)),
    comments: new Set(taken.map(stateOf)),
  }
}

function stateOf({ id, updatedAt }: ForgeComment): string {
  return `${id} ${updatedAt}`
}

function mayBeCommand(body: string): boolean {
  return parseCommand(body) !== null || resemblance(body) !== 'none'
}

interface Waiting {
  readonly place: ForgePlace
  /** When the first question was asked that still waits. */
  readonly since: Date
}

async function waitingPlaces({ db, directories }: LookNeeds): Promise<Map<string, Waiting>> {
  const rows = await db
    .selectFrom('approval_notifications as n')
    .innerJoin('approval_requests as r', 'r.id', 'n.request_id')
    .select(({ fn }) => ['r.namespace', 'n.channel', fn.min('r.requested_at').as('since')])
    .where('r.state', '=', 'pending')
    .where('n.kind', '=', 'created')
    .where('n.state', '=', 'sent')
    .groupBy(['r.namespace', 'n.channel'])
    .execute()
  const byNamespace = new Map(directories().map(directory => [directory.namespace, directory]))
  const found = new Map<string, Waiting>()
  for (const { namespace, channel: name, since } of rows) {
    const directory = byNamespace.get(namespace)
    const channel = directory && knownChannel(directory, name)
    const place = channel && channelPlace(channel)
    if (!place) continue
    const before = found.get(keyOf(place))?.since.getTime() ?? Infinity
    const first = new Date(Math.min(before, since.getTime() - overlapMs))
    found.set(keyOf(place), { place, since: first })
  }
  return found
}
