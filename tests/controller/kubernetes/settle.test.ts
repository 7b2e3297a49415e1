import t from 'tap'
import { settle, type Versions } from '../../../controller/kubernetes/reconcile/settle.ts'
import { compile } from '../../../policy/compile/compile.ts'
import { filesOf, object, policy } from './versions.ts'

const allow = { action: 'allow' }
const deny = { action: 'deny' }
const broken = { when: 'args.x ==', action: 'allow' }

/** Which generation of each object is chosen, and what is said of those that are not. */
async function chosen(newest: Versions, good: Versions) {
  let compilations = 0
  const settled = await settle({
    newest,
    good,
    compile: async files => {
      compilations++
      const { problems, tables, directories } = compile(files)
      return { problems, tables: tables && [...tables], directories }
    },
  })
  const files = settled.chosen?.files ?? null
  return {
    chosen:
      files && Object.fromEntries([...files].map(([path, file]) => [path.slice(7), file.commit])),
    refused: Object.fromEntries(
      [...settled.refused].map(([path, problems]) => [
        path.slice(7),
        problems.map(({ code, file }) => `${code} in ${file.slice(7)}`),
      ]),
    ),
    compilations,
  }
}

const none = filesOf()

t.test('what compiles is taken as it is', async t => {
  t.strictSame(await chosen(filesOf(policy('a', allow), policy('b', deny)), none), {
    chosen: { 'accesspolicies/a': 'generation-1', 'accesspolicies/b': 'generation-1' },
    refused: {},
    compilations: 1,
  })
})

t.test('what does not compile is replaced by its last good version, alone', async t => {
  const good = filesOf(policy('a', deny), policy('b', deny))
  const newest = filesOf(
    policy('a', broken, { generation: 2 }),
    policy('b', allow, { generation: 2 }),
  )
  t.strictSame(await chosen(newest, good), {
    chosen: { 'accesspolicies/a': 'generation-1', 'accesspolicies/b': 'generation-2' },
    refused: { 'accesspolicies/a': ['condition_syntax in accesspolicies/a'] },
    compilations: 2,
  })
})

t.test('what never was good is left out', async t => {
  t.strictSame(await chosen(filesOf(policy('a', broken), policy('b', allow)), none), {
    chosen: { 'accesspolicies/b': 'generation-1' },
    refused: { 'accesspolicies/a': ['condition_syntax in accesspolicies/a'] },
    compilations: 2,
  })
})

const asking = { action: 'require_approval', approvalWorkflow: 'ask' }
const ana = object('User', 'ana', {})
const workflow = (users: readonly string[], some?: Parameters<typeof object>[3]) =>
  object('ApprovalWorkflow', 'ask', { approvers: { users } }, some)

t.test('what needs something that is left out goes back with it', async t => {
  const newest = filesOf(policy('a', asking, { generation: 2 }), workflow(['nobody']), ana)
  t.strictSame(await chosen(newest, filesOf(policy('a', deny), ana)), {
    chosen: { 'accesspolicies/a': 'generation-1', 'users/ana': 'generation-1' },
    refused: {
      'approvalworkflows/ask': ['unknown_reference in approvalworkflows/ask'],
      'accesspolicies/a': ['unknown_reference in accesspolicies/a'],
    },
    compilations: 3,
  })
})

t.test('what was deleted and is still needed stays in force, and so does all that was', async t => {
  const good = filesOf(policy('a', asking), policy('b', deny), workflow(['ana']), ana)
  const newest = filesOf(policy('a', asking), policy('b', allow, { generation: 2 }), ana)
  t.strictSame(await chosen(newest, good), {
    chosen: {
      'accesspolicies/a': 'generation-1',
      'accesspolicies/b': 'generation-1',
      'approvalworkflows/ask': 'generation-1',
      'users/ana': 'generation-1',
    },
    refused: {
      'accesspolicies/b': ['unknown_reference in accesspolicies/a'],
      'accesspolicies/a': ['unknown_reference in accesspolicies/a'],
    },
    compilations: 3,
  })
})

t.test('a newcomer that others do not compile with is held back, and not the others', async t => {
  const keys = { apiKeys: [{ name: 'k', sha256: 'a'.repeat(64) }] }
  const old = object('Agent', 'zed', keys)
  const newest = filesOf(object('Agent', 'abc', keys), old)
  t.strictSame(await chosen(newest, filesOf(old)), {
    chosen: { 'agents/zed': 'generation-1' },
    refused: { 'agents/abc': ['duplicate_key in agents/zed'] },
    compilations: 2,
  })
})

t.test('when not even what is in force compiles, nothing is chosen', async t => {
  const lost = filesOf(policy('a', asking))
  t.strictSame(await chosen(lost, lost), {
    chosen: null,
    refused: { 'accesspolicies/a': ['unknown_reference in accesspolicies/a'] },
    compilations: 2,
  })
})
