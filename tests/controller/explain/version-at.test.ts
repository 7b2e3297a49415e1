import { createHash } from 'node:crypto'
import t from 'tap'
import {
  newestVersion,
  tableBy,
  versionAt,
  versionThen,
} from '../../../controller/explain/version-at.ts'
import { Releases } from '../../../controller/publish/releases.ts'
import { openSigningKey } from '../../../controller/publish/signing-key.ts'
import type { SourceFile } from '../../../policy/compile/source-file.ts'
import { testFolder } from '../git/repositories.ts'
import { embeddedStores } from '../stores.ts'

const table = (text: string) => ({
  json: text,
  digest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
})
const commits = ['a', 'b', 'c', 'd', 'e'].map(letter => letter.repeat(40))
const [a = '', b = '', c = '', d = '', e = ''] = commits
const twin = `${'b'.repeat(39)}0`

const { db } = await (await embeddedStores(t)).open(t)
let now = Date.parse('2026-11-21T00:00:00Z')
const releases = new Releases({
  db,
  key: await openSigningKey(await testFolder(t)),
  now: () => now,
})
await releases.open()
const publish = async (namespace: string, text: string, commit: string | null, sources = {}) => {
  now += 3_600_000
  await releases.publish(new Map([[namespace, { ...table(text), ...sources }]]), commit)
}
await publish('default', '{"v":1}', a)
await publish('default', '{"v":2}', b)
await publish('other', '{"o":1}', c)
await publish('default', '{"v":3}', null, { sources: [{ source: 'shop/main', commit: d }] })
await publish('other', '{"o":2}', twin)

/** Commits that were never in force, as their files would compile. */
const files: Readonly<Record<string, string>> = { [e]: '{"v":9}', ['f'.repeat(40)]: '{"v":2}' }
const written = {
  at: async (commit: string): Promise<readonly SourceFile[] | null> => {
    const text = files[commit]
    return text === undefined ? null : [{ path: 'p.yaml', text }]
  },
  compile: async ([file]: readonly SourceFile[]) => ({
    problems: [],
    directories: [],
    tables: [['default', table(file?.text ?? '')] as const],
  }),
}

async function at(name: string, namespace = 'default') {
  const found = await versionAt({ db, written }, namespace, name, new AbortController().signal)
  if (found.outcome !== 'found') return found.outcome
  const { table: json, commit, version } = found
  return { json, commit, published: version?.publishedAt ?? null }
}

t.test('a version is found by its commit and by the digest of its table', async t => {
  const second = { json: '{"v":2}', commit: b, published: '2026-11-21T02:00:00.000Z' }
  t.strictSame(await at(b), second)
  t.strictSame(await at(table('{"v":2}').digest), second)
  t.strictSame(await at(table('{"v":2}').digest.slice(0, 19)), second)
  t.strictSame(await at(a.slice(0, 7)), {
    ...{ json: '{"v":1}', commit: a, published: '2026-11-21T01:00:00.000Z' },
  })
})

t.test('a commit that changed another namespace left in this one what was in force', async t => {
  t.strictSame(await at(c), { json: '{"v":2}', commit: c, published: '2026-11-21T02:00:00.000Z' })
})

t.test('a commit of a source of a cluster is known', async t => {
  t.strictSame(await at(d), { json: '{"v":3}', commit: d, published: '2026-11-21T04:00:00.000Z' })
})

t.test('a commit that was never in force is compiled from its files', async t => {
  t.strictSame(await at(e), { json: '{"v":9}', commit: e, published: null })
  const same = 'f'.repeat(40)
  t.strictSame(
    await at(same),
    { json: '{"v":2}', commit: same, published: '2026-11-21T02:00:00.000Z' },
    'it changed nothing',
  )
})

t.test('what nobody knows is not found', async t => {
  t.equal(await at('9'.repeat(40)), 'unknown')
  t.equal(await at(`sha256:${'9'.repeat(64)}`), 'unknown')
  t.equal(await at(table('{"o":1}').digest), 'unknown', 'it is of another namespace')
  t.equal(await at(b.slice(0, 39)), 'ambiguous')
  t.equal(await at(e, 'other'), 'no_table')
})

t.test('what had put a table in force is the last release before', async t => {
  const then = (hour: string) =>
    versionThen(db, 'default', table('{"v":2}').digest, new Date(`2026-11-21T${hour}:00Z`))
  t.match(await then('02:30'), { publishedAt: '2026-11-21T02:00:00.000Z', commit: { id: b } })
  t.match(await then('00:30'), { publishedAt: '2026-11-21T02:00:00.000Z' })
  t.equal(await versionThen(db, 'default', 'sha256:none', new Date()), null)
  t.match(await newestVersion(db, 'default'), { digest: table('{"v":3}').digest })
  t.equal(await newestVersion(db, 'nowhere'), null)
})

t.test('a table that is not kept any more is said to be gone', async t => {
  await db.deleteFrom('tables').where('digest', '=', table('{"v":1}').digest).execute()
  t.equal(await tableBy(db, table('{"v":1}').digest), null)
  t.equal(await at(a), 'not_kept')
})
