import t from 'tap'
import { userOf } from '../../../../controller/kubernetes/approvals/user-of.ts'
import type { Directory } from '../../../../schemas/directory.ts'

const account = 'system:serviceaccount:team-a:fixer'

const directory: Directory = {
  ...{ namespace: 'team-a', table: '', teams: [], workflows: [], channels: [], providers: [] },
  users: [
    { name: 'ana', spec: { identities: { kubernetes: ['ana@example.com', 'oidc:ana'] } } },
    { name: 'ben', spec: { identities: { kubernetes: ['shared', 'system:admin'] } } },
    { name: 'bot', spec: { identities: { kubernetes: [account, 'system:node:one'] } } },
    { name: 'cleo', spec: {} },
    { name: 'writ-system/dan', spec: { identities: { kubernetes: ['shared', 'dan'] } } },
  ],
}

t.test('a person is the User that has the name of the API server', async t => {
  t.equal(userOf(directory, 'ana@example.com'), 'ana')
  t.equal(userOf(directory, 'oidc:ana'), 'ana')
  t.equal(userOf(directory, 'dan'), 'writ-system/dan')
  t.equal(userOf(directory, 'system:admin'), 'ben')
})

t.test('nobody is a User by another name, or by half of one', async t => {
  for (const name of ['ana', 'cleo', 'Ana@example.com', 'ana@example.com ', '']) {
    t.equal(userOf(directory, name), '', name)
  }
  t.equal(userOf(null, 'ana@example.com'), '')
})

t.test('a name that two Users have says nothing', async t => {
  t.equal(userOf(directory, 'shared'), '')
})

t.test('programs are nobody, also where a User has their names', async t => {
  t.equal(userOf(directory, account), '')
  t.equal(userOf(directory, 'system:node:one'), '')
})
