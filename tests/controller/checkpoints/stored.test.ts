import type { Kysely } from 'kysely'
import t from 'tap'
import {
  type CheckpointKeys,
  openCheckpointKeys,
} from '../../../controller/checkpoints/checkpoint-key.ts'
import { StoredCheckpoints } from '../../../controller/checkpoints/stored-checkpoints.ts'
import type { Database } from '../../../controller/store/database.ts'
import type { Checkpoint } from '../../../schemas/chain.ts'
import { codesOf, keyNamed, verdict, writeExport } from '../../records/export-world.ts'
import { everyStore } from '../stores.ts'

const link = 'A'.repeat(43)
const [own, next, other] = [keyNamed('own'), keyNamed('next'), keyNamed('other')]

everyStore(t, async (t, stores) => {
  const { db } = await stores.empty()

  /** A controller on the store; its clock goes on by a second with every checkpoint. */
  const controller = (keys: Partial<CheckpointKeys> = {}) => {
    let now = Date.UTC(2026, 10, 21)
    const all = { current: own, previous: null, ...keys }
    const tick = () => {
      now += 1000
      return now
    }
    return new StoredCheckpoints({ db, keys: all, now: tick })
  }

  const all = async (): Promise<readonly Checkpoint[]> =>
    (await controller().list(0, 100)).map(({ statement }) => JSON.parse(statement))

  /** What anybody would say of them. */
  const codes = async (key = own, endKey = key) =>
    codesOf(
      verdict(
        writeExport({
          checkpoints: await all(),
          bodies: [],
          firstKey: key,
          endKey,
          header: { to: '2026-11-22T00:00:00Z' },
        }),
      ),
    )

  await t.test('a checkpoint holds what is new, once', async t => {
    await heads(db, { 'p-1': 3, 'p-2': 5 })
    const checkpoints = controller()
    t.strictSame(await checkpoints.waiting(), { entries: 8, pruned: 0 })
    await checkpoints.make()
    t.strictSame(await checkpoints.make(), [])
    t.strictSame(await checkpoints.waiting(), { entries: 0, pruned: 0 })
    await heads(db, { 'p-1': 4 })
    await prune(db, 'p-2', 1, 2)
    t.strictSame(await checkpoints.waiting(), { entries: 1, pruned: 1 })
    await checkpoints.make()
    const made = await all()
    t.strictSame(
      made.map(({ number, chains, pruned }) => ({ number, chains, pruned })),
      [
        {
          number: 1,
          chains: [
            { proxy: 'p-1', seq: 3, link },
            { proxy: 'p-2', seq: 5, link },
          ],
          pruned: [],
        },
        {
          number: 2,
          chains: [{ proxy: 'p-1', seq: 4, link }],
          pruned: [{ proxy: 'p-2', from: 1, to: 2, before: link, after: link }],
        },
      ],
    )
    t.strictSame(await codes(), [])
    const { checkpoint } = await db
      .selectFrom('pruned_ranges')
      .select('checkpoint')
      .executeTakeFirstOrThrow()
    t.equal(checkpoint, 2)
  })

  await t.test('several controllers make one sequence', async t => {
    const many = [controller(), controller(), controller()]
    for (let seq = 5; seq < 15; seq += 1) {
      await heads(db, { 'p-1': seq })
      await Promise.all(many.map(one => one.make()))
    }
    const numbers = (await all()).map(({ number }) => number)
    t.strictSame(
      numbers,
      numbers.map((_, i) => i + 1),
    )
    t.equal(numbers.length, 12)
    t.strictSame(await codes(), [])
  })

  await t.test('another key signs nothing until the one before vouches for it', async t => {
    await t.rejects(controller({ current: next }).open(), { code: 'checkpoint_key_differs' })
    const foreign = controller({ current: next, previous: other })
    await t.rejects(foreign.open(), { code: 'checkpoint_key_differs' })
    const before = controller()
    const after = controller({ current: next, previous: own })
    await after.open()
    await after.open()
    await heads(db, { 'p-1': 20 })
    await t.rejects(before.make(), { code: 'checkpoint_key_differs' }, 'the old one is done')
    await after.make()
    const [vouching, signed] = (await all()).slice(-2)
    t.match(vouching, { keyId: own.id, nextKey: next.publicKey, chains: [] })
    t.match(signed, { keyId: next.id, chains: [{ proxy: 'p-1', seq: 20 }] })
    t.strictSame(await codes(own, next), [])
    t.equal(await after.publicKeyOf(own.id), own.publicKey)
  })

  await t.test('a lost key leaves a flaw that everybody sees', async t => {
    await controller({ current: other, previous: 'lost' }).open()
    await controller({ current: other }).open()
    t.strictSame(await codes(own, other), ['checkpoint_invalid', 'end_unsigned'])
  })
})

t.test('the key of checkpoints is made once and is no other key', async t => {
  const folder = t.testdir()
  const signingKey = own.publicKey
  const made = await openCheckpointKeys({ folder, signingKey })
  const again = await openCheckpointKeys({ folder, signingKey })
  t.equal(again.current.id, made.current.id)
  const same = openCheckpointKeys({ folder, signingKey: made.current.publicKey })
  await t.rejects(same, { code: 'checkpoint_key_unusable' })
  await t.rejects(openCheckpointKeys({ folder, signingKey, pem: 'x' }), {
    code: 'checkpoint_key_unusable',
    message: 'the checkpoint key is no Ed25519 key in PKCS #8 PEM',
  })
})

async function heads(db: Kysely<Database>, seqs: Readonly<Record<string, number>>): Promise<void> {
  for (const [proxy, seq] of Object.entries(seqs)) {
    await db
      .insertInto('chain_heads')
      .values({ proxy, seq, link, chained: true, chain_key: null, sealed_seq: 0, flaw: null })
      .onConflict(known => known.column('proxy').doUpdateSet({ seq }))
      .execute()
  }
}

async function prune(db: Kysely<Database>, proxy: string, from_seq: number, to_seq: number) {
  await db
    .insertInto('pruned_ranges')
    .values({
      ...{ proxy, from_seq, to_seq, before_link: link, after_link: link },
      ...{ pruned_at: new Date(), checkpoint: null },
    })
    .execute()
}
