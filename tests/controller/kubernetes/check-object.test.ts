import t from 'tap'
import type { WritObject } from '../../../controller/kubernetes/objects.ts'
import { objectCheck } from '../../../controller/kubernetes/reconcile/check-object.ts'
import { namespaceCompiler } from '../../../controller/kubernetes/reconcile/compile-namespace.ts'
import { compile } from '../../../policy/compile/compile.ts'
import { object, policy } from './versions.ts'

/** Checks an object among these; problems as `severity code file`. */
function checking(...objects: readonly WritObject[]) {
  const check = objectCheck({
    systemNamespace: 'writ-system',
    objects: {
      in: namespace => objects.filter(({ metadata }) => metadata.namespace === namespace),
      namespaces: () => [...new Set(objects.map(({ metadata }) => metadata.namespace))],
    },
    catalog: () => new Map(),
    compile: namespaceCompiler({
      systemNamespace: 'writ-system',
      async compile({ files, options }) {
        const { problems, tables, directories } = compile(files, options)
        return { problems, tables: tables && [...tables], directories }
      },
    }),
  })
  return async (...asked: Parameters<typeof check>) =>
    (await check(...asked)).map(({ severity, code, file }) => `${severity} ${code} ${file}`)
}

const allow = { action: 'allow' }
const broken = { when: 'args.x ==', action: 'allow' }
const asking = { action: 'require_approval', approvalWorkflow: 'ask' }
const keys = { apiKeys: [{ name: 'k', sha256: 'a'.repeat(64) }] }

t.test('an object is told what is wrong with it, whatever is wrong with others', async t => {
  const check = checking(policy('a', allow), policy('old', broken))
  t.strictSame(await check(policy('b', allow), 'CREATE'), [])
  const syntax = 'error condition_syntax team-a/accesspolicies/a'
  t.strictSame(await check(policy('a', broken), 'UPDATE'), [syntax])
})

t.test('an object is told what it breaks in others', async t => {
  const check = checking(object('Agent', 'zed', keys))
  t.strictSame(await check(object('Agent', 'abc', keys), 'CREATE'), [
    'error duplicate_key team-a/agents/zed',
  ])
})

t.test(
  'what is named and not there yet is a warning, and so is what is deleted and needed',
  async t => {
    const ana = object('User', 'ana', {})
    const ask = object('ApprovalWorkflow', 'ask', { approvers: { users: ['ana'] } })
    const later = 'warning unknown_reference team-a/accesspolicies/a'
    t.strictSame(await checking(ana)(policy('a', asking), 'CREATE'), [later])
    const check = checking(ana, ask, policy('a', asking))
    t.strictSame(await check(policy('a', asking), 'UPDATE'), [])
    t.strictSame(await check(ask, 'DELETE'), [later])
  },
)

t.test('a change of the system namespace is tried with the others', async t => {
  const check = checking(object('Agent', 'abc', keys))
  const user = object('User', 'ana', keys, { namespace: 'writ-system' })
  t.strictSame(await check(user, 'CREATE'), ['error duplicate_key writ-system/users/ana'])
})

t.test('an object whose name is still to be made up is checked all the same', async t => {
  const { metadata, ...rest } = policy('x', broken)
  const unnamed = { ...rest, metadata: { ...metadata, name: '', generateName: 'guard-' } }
  t.strictSame(await checking()(unnamed, 'CREATE'), [
    'error condition_syntax team-a/accesspolicies/guard-new',
  ])
})
