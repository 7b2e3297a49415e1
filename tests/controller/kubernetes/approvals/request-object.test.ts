import t from 'tap'
import {
  isFinal,
  requestObject,
  statusOf,
} from '../../../../controller/kubernetes/approvals/request-object.ts'
import type { ApprovalRequest } from '../../../../schemas/approval.ts'
import { approvalStates } from '../../../../schemas/approval-state.ts'

const digest = `sha256:${'a'.repeat(64)}` as const

function request(some: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return {
    ...{ id: 'apr-0123456789abcdef', state: 'pending', namespace: 'team-a', digest, table: digest },
    ...{ agent: 'fixer', apiKey: 'laptop', kind: 'tool', tool: 'create_directory' },
    ...{ args: { path: 'drafts' }, rule: {}, workflow: 'ask-me', votes: [], notifications: [] },
    workflows: [asked('ask-me')],
    requestedAt: '2026-11-21T10:00:00.000Z',
    expiresAt: '2026-11-21T10:05:00.000Z',
    ...some,
  }
}

function asked(name: string, mayDecide: readonly string[] = ['ana']) {
  return { name, required: 1, received: 0, mayDecide, requireReason: false }
}

const specOf = (some: Partial<ApprovalRequest>) =>
  (requestObject(request(some)) as { spec: Record<string, unknown> }).spec

t.test('the object of a request holds the question, under its id', async t => {
  t.strictSame(requestObject(request()), {
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'ApprovalRequest',
    metadata: { name: 'apr-0123456789abcdef', namespace: 'team-a' },
    spec: {
      ...{ digest, agent: 'fixer', apiKey: 'laptop', kind: 'tool', tool: 'create_directory' },
      args: '{\n  "path": "drafts"\n}',
      workflow: 'ask-me',
      workflows: [{ namespace: 'team-a', name: 'ask-me' }],
      rule: {},
      requestedAt: '2026-11-21T10:00:00.000Z',
      expiresAt: '2026-11-21T10:05:00.000Z',
    },
  })
})

t.test('a workflow is named where it is written, and owners by their namespace', async t => {
  const workflows = [asked('ask-me'), asked('writ-system/security'), asked('')]
  t.match(specOf({ workflows }), {
    workflow: 'ask-me,writ-system/security,(owners)',
    workflows: [
      { namespace: 'team-a', name: 'ask-me' },
      { namespace: 'writ-system', name: 'security' },
      { namespace: 'team-a', name: '' },
    ],
  })
})

t.test('what an agent wrote shows as it is, and no longer than the kind allows', async t => {
  const spec = specOf({
    tool: 'x'.repeat(8000),
    args: { text: '\u202e'.repeat(10_000) },
    justification: 'do\u0000not\u200bread',
    rule: { message: 'm'.repeat(4096), file: 'f'.repeat(4096), line: 3, commit: 'generation-2' },
  }) as Record<string, string> & { rule: { file: string } }
  t.strictSame([spec.tool?.length, spec.args?.length, spec.rule.file.length], [512, 16_384, 1024])
  t.notMatch(spec.args, '\u202e')
  t.equal(spec.justification, 'do\\u{0}not\\u{200b}read')
  t.match(spec.rule, { line: 3, commit: 'generation-2', message: 'm'.repeat(4096) })
})

t.test('arguments that are nothing are null', async t => {
  t.equal(specOf({ args: undefined }).args, 'null')
})

t.test('the status says how it stands, and keeps the decisions that were added', async t => {
  const decisions = [{ by: 'ana@example.com', decision: 'deny', outcome: 'counted' }] as const
  const vote = {
    user: 'ana',
    decision: 'deny',
    reason: 'not today',
    surface: 'kubernetes',
    at: '2026-11-21T10:01:00.000Z',
  } as const
  const more = { identity: 'ana@example.com', teams: ['ops'], workflows: ['ask-me'] }
  const status = statusOf(
    request({
      ...{ state: 'denied', resolvedAt: '2026-11-21T10:01:00.000Z', reason: 'not today' },
      votes: [{ ...vote, ...more }],
      workflows: [
        asked(
          'ask-me',
          Array.from({ length: 100 }, (_, index) => `user-${index}`),
        ),
      ],
    }),
    decisions,
  )
  t.strictSame(status, {
    state: 'denied',
    decisions,
    votes: [vote],
    workflows: [
      asked(
        'ask-me',
        Array.from({ length: 64 }, (_, index) => `user-${index}`),
      ),
    ],
    resolvedAt: '2026-11-21T10:01:00.000Z',
    reason: 'not today',
    conditions: [
      {
        ...{ type: 'Resolved', status: 'True', reason: 'Denied' },
        message: 'The call is refused. not today',
        lastTransitionTime: '2026-11-21T10:01:00.000Z',
      },
    ],
  })
})

t.test('a question that waits is not resolved, and the same is said of it each time', async t => {
  t.strictSame(statusOf(request(), []), statusOf(request(), []))
  t.match(statusOf(request(), []).conditions, [
    { status: 'False', reason: 'Pending', lastTransitionTime: '2026-11-21T10:00:00.000Z' },
  ])
})

t.test('nothing becomes of what is over', async t => {
  t.strictSame(
    approvalStates.filter(state => !isFinal(state)),
    ['pending', 'approved'],
  )
})
