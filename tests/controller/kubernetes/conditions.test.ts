import t from 'tap'
import { pathOfObject, versionOf } from '../../../controller/kubernetes/reconcile/object-file.ts'
import { type StatusFacts, statusOf } from '../../../controller/kubernetes/status/conditions.ts'
import { newsOf } from '../../../controller/kubernetes/status/news.ts'
import { compile } from '../../../policy/compile/compile.ts'
import { filesOf, policy } from './versions.ts'

const digest = `sha256:${'ab12'.repeat(16)}`
const now = Date.parse('2026-11-21T12:00:00.500Z')
const time = '2026-11-21T12:00:00Z'

/** What there is to know of a policy with this rule. */
function facts(rule: object, some: Partial<StatusFacts> = {}, generation = 1): StatusFacts {
  const object = policy('guard', rule, { generation })
  const { problems } = compile([...filesOf(object).values()])
  const { uid } = object.metadata
  const { text } = versionOf(object)
  const accepted = problems.every(({ severity }) => severity === 'warning')
  const inForce = accepted ? generation : null
  return {
    object,
    verdict: { uid, generation, accepted, problems, text, inForce },
    table: accepted ? digest : null,
    enforcement: { enforcing: 0, proxies: 0 },
    now,
    ...some,
  }
}

/** The conditions, each in a line. */
function lines(facts: StatusFacts): readonly string[] {
  return statusOf(facts).conditions.map(
    ({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`,
  )
}

const allow = { action: 'allow' }

t.test('an object that is in force says in which table, and how many proxies enforce it', t => {
  t.strictSame(lines(facts(allow)), [
    'Accepted=True Compiled: It compiles.',
    'Programmed=True InForce: In force since sha256:ab12ab12ab12…',
    'Enforced=Unknown NoProxies: No proxy is known to which it applies.',
  ])
  const some = { enforcement: { enforcing: 1, proxies: 2 } }
  t.equal(
    lines(facts(allow, some))[2],
    'Enforced=False ProxiesBehind: 1/2 proxies enforce sha256:ab12ab12ab12…',
  )
  const all = { enforcement: { enforcing: 17, proxies: 17 } }
  t.equal(
    lines(facts(allow, all))[2],
    'Enforced=True Enforced: 17/17 proxies enforce sha256:ab12ab12ab12…',
  )
  t.end()
})

t.test('an object that does not compile says where, and which generation stays', t => {
  const broken = facts({ when: 'true && args.x ==', action: 'allow' }, {}, 3)
  const stands = { ...broken, verdict: { ...broken.verdict, inForce: 2 } }
  const [accepted, ...others] = lines({ ...stands, enforcement: { enforcing: 2, proxies: 2 } })
  t.strictSame(accepted?.split('\n').slice(0, 3), [
    'Accepted=False condition_syntax: spec.tools[0].rules[0].when, column 18: The condition ends where something must follow.',
    '  true && args.x ==',
    `  ${' '.repeat(17)}^`,
  ])
  t.strictSame(others, [
    'Programmed=False NotInForce: Generation 2 stays in force.',
    'Enforced=False NotInForce: 0/2 proxies enforce generation 3; generation 2 stays in force',
  ])
  const { problems, table, observedGeneration } = statusOf(stands)
  t.equal(problems?.[0]?.path, 'spec.tools[0].rules[0].when')
  t.equal(table, undefined)
  t.equal(observedGeneration, 3)
  t.end()
})

t.test('an object that was never good says that nothing of it is in force', t => {
  t.strictSame(lines(facts({ action: 'maybe' })).slice(1), [
    'Programmed=False NotInForce: No generation is in force.',
    'Enforced=False NotInForce: 0/0 proxies enforce generation 1',
  ])
  t.end()
})

t.test('an object that others keep out names them', t => {
  const { object, verdict, ...rest } = facts(allow)
  const problem = {
    severity: 'error',
    code: 'duplicate_key',
    message: 'The same key is already there.',
    ...{ file: 'team-a/agents/zed', line: 1, column: 1 },
  } as const
  const refused = { ...verdict, accepted: false, problems: [problem], inForce: null }
  t.equal(
    lines({ ...rest, object, verdict: refused, table: null })[0],
    'Accepted=False held_back: team-a/agents/zed: The same key is already there.',
  )
  t.equal(pathOfObject(object), 'team-a/accesspolicies/guard')
  t.end()
})

t.test('the status holds at most twenty problems', t => {
  const tools = Array.from({ length: 30 }, (_, i) => ({
    name: `t${i}`,
    rules: [{ action: 'maybe' }],
  }))
  const object = { ...policy('guard', allow), spec: { tools } }
  const { problems } = compile([...filesOf(object).values()])
  t.equal(problems.length, 30)
  const { verdict, ...rest } = facts(allow)
  const text = versionOf(object).text
  const status = statusOf({ ...rest, object, verdict: { ...verdict, problems, text } })
  t.equal(status.problems?.length, 20)
  t.equal(status.problems?.[19]?.path, 'spec.tools[19].rules[0].action')
  t.end()
})

t.test('a condition keeps its time until it flips, and conditions of others stay', t => {
  const first = facts(allow)
  const foreign = {
    ...{ type: 'Audited', status: 'True', reason: 'Yes', message: 'ok' },
    lastTransitionTime: '2025-01-01T00:00:00Z',
  } as const
  const conditions = [...statusOf(first).conditions, foreign]
  const object = { ...first.object, status: { conditions } }
  const later = { ...first, object, now: now + 60_000, enforcement: { enforcing: 1, proxies: 1 } }
  t.strictSame(
    statusOf(later).conditions.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
    [
      ['Accepted', time],
      ['Programmed', time],
      ['Enforced', '2026-11-21T12:01:00Z'],
      ['Audited', '2025-01-01T00:00:00Z'],
    ],
  )
  t.end()
})

t.test('people are told what becomes of an object, once', t => {
  const told = (before: StatusFacts, after: StatusFacts) => {
    const object = { ...after.object, status: statusOf(before) }
    return newsOf(object, statusOf({ ...after, object })).map(
      ({ type, reason }) => `${type} ${reason}`,
    )
  }
  const good = facts(allow)
  const bad = facts({ when: 'args.x ==', action: 'allow' }, {}, 2)
  t.strictSame(
    newsOf(good.object, statusOf(good)).map(({ reason }) => reason),
    ['Programmed'],
  )
  t.strictSame(told(good, good), [])
  t.strictSame(told(good, bad), ['Warning NotAccepted'])
  t.strictSame(told(bad, bad), [])
  t.strictSame(told(bad, facts(allow, {}, 3)), ['Normal AcceptedAgain', 'Normal Programmed'])
  t.end()
})
