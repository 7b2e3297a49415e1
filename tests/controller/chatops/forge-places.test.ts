import t from 'tap'
import { forgePlaces, isSamePlace } from '../../../controller/chatops/forge-places.ts'
import { knownPeople } from '../../../controller/chatops/known-people.ts'
import type { Directory } from '../../../schemas/directory.ts'

const secretRef = { name: 'github', key: 'token' }

function directory(namespace: string, some: Partial<Directory> = {}): Directory {
  const empty = { users: [], teams: [], workflows: [], channels: [], providers: [] }
  return { namespace, table: '', ...empty, ...some }
}

function asking(repository: string, apiUrl?: string) {
  const address = apiUrl === undefined ? {} : { apiUrl }
  return { type: 'github', repository, thread: 1, secretRef, ...address } as const
}

const usual = 'https://api.github.com'
const theirs = 'https://forge.example/api/v3'

t.test('a repository is known by the address of its forge and its name', async t => {
  const places = forgePlaces([
    directory('default', {
      channels: [
        { name: 'a', spec: asking('acme/ops') },
        { name: 'b', spec: asking('ACME/ops', `${usual}/`) },
        { name: 'writ-system/c', spec: asking('acme/ops') },
        { name: 'd', spec: { type: 'push' } },
      ],
    }),
    directory('other', { channels: [{ name: 'e', spec: asking('acme/ops', theirs) }] }),
  ])
  t.strictSame(
    places.map(({ origin, namespace }) => [origin, namespace]),
    [
      [usual, 'default'],
      [usual, 'writ-system'],
      [theirs, 'other'],
    ],
    'those that are asked in the same way are one',
  )
  const here = { origin: usual, repository: 'acme/ops' }
  t.ok(isSamePlace(here, { origin: usual, repository: 'Acme/Ops' }))
  t.notOk(isSamePlace(here, { origin: theirs, repository: 'acme/ops' }), 'at another forge')
  t.notOk(isSamePlace(here, { origin: usual, repository: 'acme/op' }))
})

t.test('a forge vouches for the people of namespaces that name it', async t => {
  const user = (name: string) => ({ name, spec: { identities: { github: { id: 7 } } } })
  const system = directory('writ-system', { users: [user('ana')] })
  const team = (apiUrl?: string) =>
    directory('team', {
      users: [user('writ-system/ana')],
      channels: [{ name: 'a', spec: asking('acme/ops', apiUrl) }],
    })
  const known = (directories: readonly Directory[], origin: string) =>
    knownPeople(directories, { id: 7, origin })
  const everywhere = new Map([
    ['writ-system', 'ana'],
    ['team', 'writ-system/ana'],
  ])
  t.strictSame(known([system, team()], usual), everywhere, 'GitHub, where none is named')
  t.equal(known([system, team(theirs)], theirs), 'unknown_person')
  const named = directory('writ-system', {
    ...system,
    channels: [{ name: 'b', spec: asking('acme/policies', theirs) }],
  })
  t.strictSame(known([named, team(theirs)], theirs), everywhere)
  t.equal(known([named, team()], usual), 'unknown_person', 'and no other then')
  t.equal(known([system], theirs), 'unknown_person')
  t.equal(knownPeople([system], { id: 8, origin: usual }), 'unknown_person')
  const twice = directory('default', { users: [user('ana'), user('ben')] })
  t.equal(known([twice], usual), 'ambiguous_person')
  t.strictSame(known([twice, system], usual), new Map([['writ-system', 'ana']]), 'there only')
})
