import t from 'tap'
import type { AdmissionRequest } from '../../../controller/admission/admission-request.ts'
import { policyWebhooks } from '../../../controller/admission/validation/policy-webhook.ts'
import type { CheckObject } from '../../../controller/kubernetes/reconcile/check-object.ts'
import { fileOf, versionOf } from '../../../controller/kubernetes/reconcile/object-file.ts'
import { compile } from '../../../policy/compile/compile.ts'

/** A compiler that knows nothing but the object. */
const alone: CheckObject = async object => compile([fileOf(versionOf(object))]).problems

function policyWith(...conditions: readonly string[]) {
  return {
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name: 'guard', uid: '6f', generation: 1 },
    spec: { tools: [{ name: 'pay', rules: conditions.map(when => ({ when, action: 'allow' })) }] },
  }
}

async function judge(request: Partial<AdmissionRequest>, check: CheckObject = alone) {
  const webhook = policyWebhooks(check).get('/policies/check')
  return webhook?.({
    ...{ uid: 'u', operation: 'CREATE', subresource: '', namespace: 'team-a' },
    ...{ object: null, oldObject: null, ...request },
  })
}

t.test('an object that compiles is allowed', async t => {
  t.strictSame(await judge({ object: policyWith('args.amount < 100') }), {
    kind: 'allowed',
    warnings: [],
  })
})

t.test(
  'one that does not is refused with the field, the column, the line and the remedy',
  async t => {
    const refusals: [readonly string[], readonly string[]][] = [
      [
        ['args.amount >'],
        [
          'spec.tools[0].rules[0].when, column 14: The condition ends where something must follow. (condition_syntax)',
          '    args.amount >',
          '                 ^',
        ],
      ],
      [
        ['args.amount > 1 &&\n\tsesion.calls < 2'],
        [
          'spec.tools[0].rules[0].when, column 2: There is no variable sesion. (unknown_variable)',
          '    \tsesion.calls < 2',
          '    \t^',
          '  help: Did you mean "session"?',
        ],
      ],
      [
        ['args.amount < 2', '1 + 1'],
        [
          'spec.tools[0].rules[1].when, column 1: This must be true or false; it is an int. (not_a_bool)',
          '    1 + 1',
          '    ^',
        ],
      ],
    ]
    for (const [conditions, lines] of refusals) {
      t.strictSame(await judge({ object: policyWith(...conditions) }), {
        kind: 'refused',
        message: ['it does not compile:', ...lines].join('\n'),
        warnings: [],
      })
    }
  },
)

t.test('a long line is shown around the place', async t => {
  const when = `args.note == "${'x'.repeat(500)}" && sesion.calls < 2`
  const verdict = await judge({ object: policyWith(when) })
  const [, , line, caret] = verdict?.kind === 'refused' ? verdict.message.split('\n') : []
  t.equal(line, `    ${'x'.repeat(55)}" && sesion.calls < 2`)
  t.equal(caret, `    ${' '.repeat(60)}^`)
})

t.test('at most five problems are shown, and how many more there are', async t => {
  const verdict = await judge({ object: policyWith(...Array(9).fill('nothing')) })
  const message = verdict?.kind === 'refused' ? verdict.message : ''
  t.match(message, /^it does not compile:\n(?:spec[^\n]+\n {4}nothing\n {4}\^\n){5}and 4 more$/)
})

t.test('what the compiler doubts is a warning', async t => {
  const verdict = await judge({ object: policyWith('args.amount < 2 || true') })
  t.equal(verdict?.kind, 'allowed')
  t.strictSame(verdict?.warnings, [
    'spec.tools[0].rules[0].when, column 1: The condition always holds. (constant_condition) Leave `when` out.',
  ])
})

t.test('a problem of another object names it', async t => {
  const check: CheckObject = async () => [
    {
      ...{ file: 'team-a/teams/payments', line: 3, column: 1, severity: 'error' },
      ...{ code: 'unknown_user', message: 'There is no user ana.' },
    },
  ]
  t.match(await judge({ object: policyWith('true') }, check), {
    kind: 'refused',
    message: 'it does not compile:\nteam-a/teams/payments: There is no user ana. (unknown_user)',
  })
})

t.test('the compiler is asked about what is new, and told the namespace', async t => {
  const asked: unknown[] = []
  const check: CheckObject = async (object, operation) => {
    asked.push([object.metadata, object.spec, operation])
    return []
  }
  const [old, object] = [policyWith('true'), policyWith('false')]
  await judge({ object }, check)
  await judge({ operation: 'UPDATE', object, oldObject: old }, check)
  const metadata = { namespace: 'team-a', name: 'guard', uid: '6f', generation: 1 }
  t.strictSame(asked, [
    [metadata, object.spec, 'CREATE'],
    [metadata, object.spec, 'UPDATE'],
  ])
})

t.test('what says nothing new, or is going, is not looked at', async t => {
  const check: CheckObject = async () => {
    t.fail('it was looked at')
    return []
  }
  const object = policyWith('nothing')
  const ending = { ...object, metadata: { ...object.metadata, deletionTimestamp: 'now' } }
  const oldObject = policyWith('true')
  const requests: Partial<AdmissionRequest>[] = [
    { operation: 'UPDATE', object: { ...object, metadata: {} }, oldObject: object },
    { operation: 'UPDATE', object: ending, oldObject },
    { operation: 'UPDATE', subresource: 'status', object, oldObject },
    { operation: 'DELETE', oldObject: object },
    { operation: 'CONNECT', object },
  ]
  for (const request of requests) {
    t.strictSame(await judge(request, check), { kind: 'allowed', warnings: [] })
  }
})

t.test('when it cannot be compiled now, nothing is said of it', async t => {
  const failure = new Error('busy')
  await t.rejects(
    judge({ object: policyWith('true') }, () => Promise.reject(failure)),
    failure,
  )
})
