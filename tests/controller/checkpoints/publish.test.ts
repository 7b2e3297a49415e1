import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { openCheckpointLog } from '../../../controller/checkpoints/checkpoint-log.ts'
import type { KeptCheckpoint } from '../../../controller/checkpoints/stored-checkpoints.ts'
import { remoteUrl } from '../../../controller/git/remote-url.ts'
import { readPublished } from '../../../records/verify/published.ts'
import {
  codesOf,
  keyNamed,
  verdict,
  writeCheckpoints,
  writeExport,
} from '../../records/export-world.ts'

const root = mkdtempSync(join(tmpdir(), 'writ-published-'))
t.teardown(() => rmSync(root, { recursive: true, force: true }))
const git = (...args: readonly string[]) => execFileSync('git', args, { encoding: 'utf8' })
const never = new AbortController().signal

const made = writeCheckpoints(
  [],
  Array.from({ length: 5 }, () => ({ heads: {} })),
)
const kept = (all: typeof made): KeptCheckpoint[] =>
  all.map(checkpoint => ({
    number: checkpoint.number,
    time: new Date(checkpoint.time),
    statement: JSON.stringify(checkpoint),
  }))

/** A store with checkpoints that grow. */
function storeOf(all: KeptCheckpoint[]) {
  return async (after: number, limit: number) =>
    all.filter(({ number }) => number > after).slice(0, limit)
}

let count = 0

async function opened(all: KeptCheckpoint[], bare: string) {
  count += 1
  return openCheckpointLog({
    folder: join(root, `copy-${count}`),
    url: remoteUrl(bare),
    branch: 'main',
    credentials: async () => ({ secret: null, knownHosts: [] }),
    list: storeOf(all),
  })
}

function repository(name: string): string {
  const bare = join(root, name)
  git('init', '--bare', '--quiet', '--initial-branch=main', bare)
  return bare
}

t.test('checkpoints are appended to an empty repository, once each', async t => {
  const bare = repository('empty.git')
  const all = kept(made.slice(0, 2))
  const log = await opened(all, bare)
  t.equal(await log.publish(never), 2)
  all.push(...kept(made.slice(2, 4)))
  t.equal(await log.publish(never), 4)
  t.equal(await log.publish(never), 4)
  const other = await opened(all, bare)
  t.equal(await other.publish(never), 4, 'another controller finds what is there')
  const subjects = git('-C', bare, 'log', '--reverse', '--format=%s', 'main')
  t.equal(subjects, 'Checkpoints 1 to 2\nCheckpoints 3 to 4\n')
  const text = git('-C', bare, 'show', 'main:checkpoints/2026-11-21.jsonl')
  t.equal(text, all.map(({ statement }) => `${statement}\n`).join(''))
  const read = readPublished(text.split('\n'))
  if (read.outcome !== 'read') throw new Error(read.outcome)
  const { published } = read
  const sound = writeExport({ checkpoints: made, bodies: [] })
  t.match(verdict(sound, { published }), { proved: true, checkpoints: { anchor: { number: 4 } } })
  const replaced = writeCheckpoints([], [{ heads: {} }, { heads: {}, nextKey: keyNamed('x') }])
  const forged = writeExport({ checkpoints: replaced, bodies: [], endKey: keyNamed('x') })
  t.strictSame(codesOf(verdict(forged, { published })), ['published_differs', 'published_missing'])
})

t.test('what was published by another store is not added to', async t => {
  const bare = repository('other.git')
  t.equal(await (await opened(kept(made), bare)).publish(never), 5)
  const other = writeCheckpoints([], [{ heads: {}, nextKey: keyNamed('other') }, { heads: {} }])
  const before = git('-C', bare, 'rev-parse', 'main')
  const log = await opened(kept([...other, ...made.slice(2)].with(4, made[0]!)), bare)
  await t.rejects(log.publish(never), { code: 'copies_differ' })
  const shorter = await opened(kept(other), bare)
  await t.rejects(shorter.publish(never), { code: 'copies_differ' })
  t.equal(git('-C', bare, 'rev-parse', 'main'), before)
})

t.test('a repository that is not there fails, and comes when it does', async t => {
  const bare = join(root, 'later.git')
  const log = await opened(kept(made), bare)
  await t.rejects(log.publish(never), { code: 'unreachable' })
  repository('later.git')
  t.equal(await log.publish(never), 5)
})
