import t, { type Test } from 'tap'
import { pastVersions } from '../../../controller/publish/past-versions.ts'
import { peopleChanges, withChanges } from '../../../controller/publish/people-changes.ts'
import { Releases } from '../../../controller/publish/releases.ts'
import { openSigningKey } from '../../../controller/publish/signing-key.ts'
import { compile } from '../../../policy/compile/compile.ts'
import type { Directory } from '../../../schemas/directory.ts'
import { policy } from '../documents.ts'
import { testFolder } from '../git/repositories.ts'
import { embeddedStores } from '../stores.ts'

const document = (kind: string, name: string, spec: string) =>
  `---\napiVersion: writ.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${spec}\n`
const user = (name: string) => document('User', name, '{}')
const team = (...members: string[]) => document('Team', 'ops', `{ members: [${members}] }`)
const workflow = (...users: string[]) =>
  document('ApprovalWorkflow', 'two', `{ approvers: { users: [${users}] } }`)
const source = (review = '') =>
  document('PolicySource', 'policies', `{ url: "https://git.example.com/policies.git"${review} }`)

function compiled(...documents: readonly string[]) {
  const { tables, directories, problems } = compile([
    { path: 'a.yaml', text: policy('a', '{ action: allow }') },
    { path: 'people.yaml', text: documents.join('') },
  ])
  if (tables === null) throw new Error(JSON.stringify(problems))
  return { tables, directories }
}

function directoryOf(...documents: readonly string[]): Directory {
  const [directory] = compiled(...documents).directories
  if (directory === undefined) throw new Error('there is none')
  return JSON.parse(JSON.stringify(directory))
}

const told = (changes: ReturnType<typeof peopleChanges>) =>
  changes.map(({ effect, message }) => `${effect}: ${message}`)

t.test('who and what came, went and changed besides rules is named', t => {
  const before = directoryOf(user('ana'), user('ben'), team('ana'), workflow('ana'), source())
  const after = directoryOf(
    ...[user('ana'), user('cleo'), team('ana', 'cleo'), workflow('ana', 'cleo')],
    source(', interval: 5m'),
  )
  t.strictSame(told(peopleChanges(before, after)), [
    'widening: workflow two asks ana, cleo, asked ana',
    'either: user ben is gone',
    'widening: user cleo is new',
    'widening: team ops is ana, cleo, was ana',
    'either: source policies is not as it was',
  ])
  t.strictSame(peopleChanges(before, { ...before, table: 'sha256:other' }), [])
  t.strictSame(told(peopleChanges(null, directoryOf(user('ana')))), ['widening: user ana is new'])
  t.end()
})

t.test('models that the system namespace lends are compared, its own are with the rules', t => {
  const judge = (name: string, url: string): Directory['providers'][number] => ({
    name,
    spec: { protocol: 'openai', baseUrl: url, models: [{ name: 'm' }] },
  })
  const before = directoryOf(user('ana'))
  const of = (url: string) => ({
    ...before,
    providers: [judge('own', url), judge('writ-system/judge', url)],
  })
  t.strictSame(told(peopleChanges(of('https://a.example.com'), of('https://b.example.com'))), [
    'either: provider writ-system/judge is not as it was',
  ])
  t.end()
})

t.test('what is kept is bounded, and what widens is kept first', t => {
  const change = (effect: 'widening' | 'narrowing', i: number) => ({
    ...{ effect, kind: 'user' as const, name: `u${i}`, message: `user u${i} changed` },
  })
  const many = Array.from({ length: 60 }, (_, i) => change('narrowing', i))
  const first = withChanges({ count: 0, changes: [] }, many)
  t.strictSame(first, { count: 60, changes: many.slice(0, 50) })
  const second = withChanges(first, [change('widening', 99)])
  t.strictSame(second, { count: 61, changes: [change('widening', 99), ...many.slice(0, 49)] })
  const names = Array.from({ length: 60 }, (_, i) => `somebody-${i}`)
  const [found] = peopleChanges(
    directoryOf(...names.map(user), team('somebody-0')),
    directoryOf(...names.map(user), team(...names)),
  )
  t.equal(found?.message.length, 400)
  t.end()
})

async function publishing(t: Test) {
  const { db } = await (await embeddedStores(t)).open(t)
  const clock = { now: Date.parse('2026-11-21T00:00:00Z') }
  const key = await openSigningKey(await testFolder(t))
  const releases = new Releases({ db, key, now: () => clock.now })
  await releases.open()
  return {
    db,
    clock,
    async publish(...documents: readonly string[]) {
      const { tables, directories } = compiled(...documents)
      await releases.publish(tables, null, directories)
    },
    people: async () => (await pastVersions(db, { limit: 10 })).map(({ people }) => people),
  }
}

const cameIn = (name: string) => ({
  ...{ effect: 'widening', kind: 'user', name, message: `user ${name} is new` },
})

t.test('what changes with a table and while it stands is kept beside its release', async t => {
  const here = await publishing(t)
  await here.publish(user('ana'))
  const first = { count: 1, changes: [cameIn('ana')] }
  t.strictSame(await here.people(), [first])
  await here.publish(user('ana'))
  t.strictSame(await here.people(), [first], 'nothing changed')

  here.clock.now += 60_000
  const since = '2026-11-21T00:01:00.000Z'
  await here.publish(user('ana'), user('ben'))
  const second = { count: 2, changes: [cameIn('ana'), { ...cameIn('ben'), since }] }
  t.strictSame(await here.people(), [second], 'no rule changed')

  const agent = document('Agent', 'bot', '{ owner: ana }')
  await here.publish(user('ana'), user('cleo'), agent)
  t.strictSame(await here.people(), [
    {
      count: 2,
      changes: [
        cameIn('cleo'),
        { effect: 'either', kind: 'user', name: 'ben', message: 'user ben is gone' },
      ],
    },
    second,
  ])
})

t.test('of releases from before people were compared nothing is claimed', async t => {
  const here = await publishing(t)
  await here.publish(user('ana'))
  await here.db.deleteFrom('release_people').execute()
  t.strictSame(await here.people(), [undefined])
  const from = '2026-11-21T00:00:00.000Z'
  await here.publish(user('ana'), user('ben'))
  t.strictSame(await here.people(), [
    { count: 1, changes: [{ ...cameIn('ben'), since: from }], from },
  ])
})
