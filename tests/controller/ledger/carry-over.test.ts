import { join } from 'node:path'
import { Kysely, PGliteDialect, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import t from 'tap'
import { Ledger } from '../../../controller/ledger/ledger.ts'
import type { Database } from '../../../controller/store/database.ts'
import { EmbeddedDatabase } from '../../../controller/store/embedded-database.ts'
import { migrations } from '../../../controller/store/migrations.ts'
import { digestOf, genesisOf, linkOf } from '../../../records/chain.ts'
import { entry } from '../../proxy/journal-entry.ts'
import { line } from '../../proxy/journal-line.ts'
import { WrittenChain } from './written-chain.ts'

t.test('a ledger of before there were parts and chains is carried over', async t => {
  const pglite = new EmbeddedDatabase(join(t.testdir(), 'pg'))
  const db = new Kysely<Database>({ dialect: new PGliteDialect({ pglite }) })
  t.teardown(() => db.destroy())
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
  })
  t.equal((await migrator.migrateTo('0017-people')).error, undefined)
  const time = new Date(Date.now() - 86_400_000).toISOString()
  const times = [time, '0004-01-01T00:00:00.000Z', '2999-01-01T00:00:00.000Z', time]
  const lines = times.map((time, i) =>
    line('proxy-a', i < 3 ? i + 1 : 9, entry({ time })).trimEnd(),
  )
  for (const [i, text] of lines.entries()) {
    await sql`
      insert into records (proxy, seq, time, phase, call, namespace, kind, action, reason, tool, args, entry, entry_digest)
      select 'proxy-a', ${i < 3 ? i + 1 : 9}, ${times[i]}::timestamptz, 'attempt', 'c', 'default', 'tool', 'allow', 'rule',
        'read_file', '{"path":"/tmp/notes.txt"}', ${text}, encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`.execute(
      db,
    )
  }
  await db
    .insertInto('record_counts')
    .values({ proxy: 'proxy-a', stored: 4, last_seq: 9 })
    .execute()
  t.equal((await migrator.migrateToLatest()).error, undefined)
  const ledger = new Ledger(db)
  const all = await ledger.list({ words: {}, order: 'oldest' }, null, 10)
  t.strictSame(new Set(all.entries), new Set(lines))
  t.strictSame(
    (
      await ledger.list(
        { words: { tool: 'read_file' }, text: 'notes.txt', order: 'oldest' },
        null,
        10,
      )
    ).entries.length,
    4,
  )
  t.strictSame(await ledger.counts(), [{ proxy: 'proxy-a', stored: 4, lastSeq: 9, missing: 5 }])
  t.strictSame(await ledger.gaps('proxy-a', 9), [{ proxy: 'proxy-a', from: 4, to: 8 }])
  t.strictSame(await ledger.append(lines), { stored: 0, repeated: 4 })
  const old = new WrittenChain('proxy-a')
  const head = await db.selectFrom('chain_heads').selectAll().executeTakeFirstOrThrow()
  t.match(head, { seq: 9, chained: false, flaw: null })
  old.seq = 9
  old.link = head.link
  await ledger.append(old.batch(2))
  t.strictSame((await ledger.chains()).flaws, [], 'and its chain goes on')
  t.equal(head.link, linkOf(genesisOf('proxy-a'), digestOf(lines[3] ?? '')))
})
