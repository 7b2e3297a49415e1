import t from 'tap'
import { type Asker, mayHalt, rightToLift } from '../../../controller/halts/may-lift.ts'
import { emptyDirectory } from '../../../controller/publish/empty-table.ts'
import type { Directory } from '../../../schemas/directory.ts'

/** A namespace with these owners, and `eve`, who is none. */
function directory(namespace: string, ...owners: string[]): Directory {
  const users = owners.map(name => ({ name, spec: { roles: ['owner' as const] } }))
  return { ...emptyDirectory(namespace), users: [...users, { name: 'eve', spec: {} }] }
}

const as = (users: Record<string, string>, isAdmin = false): Asker => ({
  userIn: namespace => users[namespace] ?? '',
  isAdmin,
})
const ana = as({ default: 'ana' })
const ben = as({ default: 'ben' })
const eve = as({ default: 'eve' })
const token = as({}, true)
const operator = as({ default: 'ana' }, true)
const two = [directory('default', 'ana', 'ben')]
const one = [directory('default', 'ana')]
const none = [directory('default')]

/** Why not, or whether somebody else has to confirm. */
function lifts(directories: readonly Directory[], asker: Asker, namespace: string | null = null) {
  const right = rightToLift(directories, namespace, asker)
  return right.may ? (right.needsOther ? 'together' : 'alone') : right.why
}

t.test('owners and admins halt, and nobody else', async t => {
  t.strictSame(
    [ana, ben, eve, token, operator].map(asker => mayHalt(two, 'default', asker)),
    [true, true, false, true, true],
  )
  t.equal(mayHalt([...two, directory('prod', 'pat')], null, ana), false, 'not what others own')
  t.equal(mayHalt([...two, directory('prod', 'pat')], 'default', ana), true)
  t.equal(mayHalt([...two, directory('prod')], null, ana), true, 'what nobody owns')
  t.equal(mayHalt(none, 'default', eve), false)
  t.equal(mayHalt([], null, ana), false)
})

t.test('of two owners each needs the other', async t => {
  t.equal(lifts(two, ana), 'together')
  t.equal(lifts(two, operator), 'together')
  t.equal(lifts(two, eve), 'not_an_owner')
  t.equal(lifts(two, token), 'nobody', 'the admin token that stands for nobody')
})

t.test('the only owner lifts alone, and without owners the admin token does', async t => {
  t.equal(lifts(one, ana), 'alone')
  t.equal(lifts(one, operator), 'alone')
  t.equal(lifts(one, ben), 'not_an_owner')
  t.equal(lifts(one, token), 'nobody')
  t.equal(lifts(none, token), 'alone')
  t.equal(lifts(none, eve), 'not_an_owner')
})

t.test('a halt of everything is lifted by owners of every namespace that has owners', async t => {
  const system = (namespace: string) => `${namespace === 'writ-system' ? '' : 'writ-system/'}sue`
  const namespaces = [
    directory('default', 'ana', 'writ-system/sue', 'writ-system/tom'),
    directory('prod', 'pat', 'writ-system/sue', 'writ-system/tom'),
    directory('writ-system', 'sue', 'tom'),
    directory('bare'),
  ]
  const sue: Asker = { userIn: system, isAdmin: false }
  t.equal(lifts(namespaces, sue), 'together')
  t.equal(lifts(namespaces, ana), 'not_an_owner')
  t.equal(lifts(namespaces, ana, 'default'), 'together')
  const right = rightToLift(namespaces, null, sue)
  t.match(right, { person: 'sue' }, 'one person whatever the namespace calls her')
  t.strictSame(right.may && ['sue', 'tom', 'ana', ''].map(right.mayStill), [
    true,
    true,
    false,
    false,
  ])
  t.equal(lifts([directory('default', 'ana'), directory('prod', 'pat')], ana), 'no_common_owner')
})
