import { type Credentials, withAccess } from '../git/access.ts'
import { fetchBranch } from '../git/fetch-ref.ts'
import { makeCommit } from '../git/make-commit.ts'
import { type Mirror, openMirror } from '../git/mirror.ts'
import type { RemoteUrl } from '../git/remote-url.ts'
import { CheckpointLogFailure } from './failure.ts'
import { appended, type LogFile, newestLine, newestOf } from './log-files.ts'
import { readNewestFile } from './read-log.ts'
import type { KeptCheckpoint } from './stored-checkpoints.ts'

export interface CheckpointLogNeeds {
  /** Folder of its own for the copy; made when it is not there. */
  readonly folder: string
  readonly url: RemoteUrl
  readonly branch: string
  /** Asked before every attempt. */
  readonly credentials: () => Promise<Credentials>
  /** Checkpoints of the store with greater numbers, in their order. */
  readonly list: (after: number, limit: number) => Promise<readonly KeptCheckpoint[]>
}

/** Checkpoints in a branch of a repository, in files of one line each: nothing there is ever overwritten. */
export interface CheckpointLog {
  /**
   * Appends what is missing there; the number of the newest that is there then. Fails with a CheckpointLogFailure or a
   * GitFailure.
   */
  publish(signal: AbortSignal): Promise<number>
}

/** Checkpoints in one commit at most. */
const atOnce = 500
const pushTimeoutMs = 60_000
const author = { name: 'Writ', email: 'writ@localhost' }

/** Opens the log; nothing is fetched yet. */
export async function openCheckpointLog(needs: CheckpointLogNeeds): Promise<CheckpointLog> {
  const { folder, url } = needs
  const mirror = await openMirror(folder, url.folder === undefined ? [] : [url.folder])
  return {
    async publish(signal) {
      let there = await publishOnce(needs, mirror, signal)
      while (there.more) there = await publishOnce(needs, mirror, signal)
      return there.newest
    },
  }
}

interface There {
  readonly newest: number
  /** Whether there may be more to publish. */
  readonly more: boolean
}

async function publishOnce(
  needs: CheckpointLogNeeds,
  mirror: Mirror,
  signal: AbortSignal,
): Promise<There> {
  const { url, branch, list } = needs
  const ref = `refs/heads/${branch}`
  const done = await withAccess(url, await needs.credentials(), mirror.home, async access => {
    const base = await headOf({ mirror, url, access }, ref, signal)
    const file = base === null ? null : await readNewestFile(mirror.git, base, signal)
    const newest = await expectOwn(file, list)
    const missing = await list(newest, atOnce)
    const last = missing.at(-1)
    if (last === undefined) return { newest, more: false }
    const files = appended(file, missing)
    const commit = await makeCommit(
      mirror,
      { base, files, message: messageOf(missing), author },
      signal,
    )
    // Without force: what somebody else put there meanwhile makes this fail, and the next attempt begins with it.
    await mirror.git(['push', '--quiet', '--no-verify', url.href, `${commit}:${ref}`], {
      ...access,
      signal,
      timeoutMs: pushTimeoutMs,
    })
    return { newest: last.number, more: missing.length === atOnce }
  })
  if ('problem' in done) throw new CheckpointLogFailure('unreachable', done.problem.message)
  return done
}

/** The commit that the branch names; null when there is no such branch yet. */
async function headOf(
  origin: Parameters<typeof fetchBranch>[0],
  ref: string,
  signal: AbortSignal,
): Promise<string | null> {
  const got = await fetchBranch(origin, ref, signal)
  if (!('problem' in got)) return got.commit
  if (got.problem.code === 'branch_gone') return null
  throw new CheckpointLogFailure('unreachable', got.problem.message)
}

/** The newest number there. What is there must be of this store: else one of the two was replaced. */
async function expectOwn(file: LogFile | null, list: CheckpointLogNeeds['list']): Promise<number> {
  if (file === null) return 0
  const line = newestLine(file)
  const number = newestOf(line)
  if (number === null) {
    throw new CheckpointLogFailure('copies_differ', `${file.path} does not end with a checkpoint`)
  }
  const [own] = await list(number - 1, 1)
  if (own?.number === number && own.statement === line) return number
  throw new CheckpointLogFailure(
    'copies_differ',
    `checkpoint ${number} is published, and is not the one that this store has`,
  )
}

const mostNamed = 20

function messageOf(checkpoints: readonly KeptCheckpoint[]): string {
  const [first, last] = [checkpoints.at(0)?.number, checkpoints.at(-1)?.number]
  const title = first === last ? `Checkpoint ${first}` : `Checkpoints ${first} to ${last}`
  const heads = new Map<string, number>()
  for (const { statement } of checkpoints) {
    for (const { proxy, seq } of JSON.parse(statement).chains) heads.set(proxy, seq)
  }
  const named = [...heads].slice(0, mostNamed).map(([proxy, seq]) => `${proxy}: entry ${seq}`)
  const more = heads.size > mostNamed ? [`and ${heads.size - mostNamed} more`] : []
  return [title, '', ...named, ...more].join('\n')
}
