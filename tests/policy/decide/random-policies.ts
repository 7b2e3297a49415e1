import fc from 'fast-check'
import type { AccessPolicySpec } from '../../../schemas/access-policy.ts'
import type { Action } from '../../../schemas/action.ts'
import type { Call } from '../../../schemas/call.ts'

/** A policy as a document, before it is written down. */
export interface RandomPolicy {
  readonly name: string
  readonly namespace: 'default' | 'writ-system'
  readonly spec: AccessPolicySpec
}

/** A condition of random policies in JavaScript; it throws where CEL has an error. */
export const conditions: Readonly<Record<string, (call: Call) => boolean>> = {
  'args.n > 1.0': call => number(call.args?.n) > 1,
  'args.n < 0.0': call => number(call.args?.n) < 0,
  'has(args.s) && args.s == "x"': call =>
    Object.hasOwn(call.args ?? {}, 's') && call.args?.s === 'x',
  'subject.agent == "web"': call => call.subject?.agent === 'web',
  'request.justification.contains("ticket")': call =>
    (call.request?.justification ?? '').includes('ticket'),
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError('not a number')
  return value
}

const action = fc.constantFrom<Action>('allow', 'deny', 'require_approval')
const workflow = fc.constantFrom('w1', 'w2', 'w3')
const glob = fc.constantFrom('*', 'a', 'b', 'a*', '*b', 'a*b', 'ab', 'c')

const rule = fc.record(
  {
    name: fc.constantFrom('r1', 'r2', 'r3'),
    when: fc.constantFrom(...Object.keys(conditions)),
    action,
    approvalWorkflow: workflow,
  },
  { requiredKeys: ['action'] },
)

const entry = fc.record(
  {
    name: glob,
    server: fc.constant('builtin'),
    enabled: fc.boolean(),
    justification: fc.constantFrom('required', 'optional', 'off'),
    approvalWorkflow: workflow,
    rules: fc.array(rule, { maxLength: 3 }),
  },
  { requiredKeys: ['name', 'rules'] },
)

const spec = fc.record(
  {
    mode: fc.constantFrom('enforce', 'enforce', 'enforce', 'observe'),
    subjects: fc.record({
      agents: fc.array(fc.constantFrom('web', 'w*', 'cli'), { minLength: 1, maxLength: 2 }),
    }),
    tools: fc.array(entry, { maxLength: 4 }),
    defaults: fc.record({ unmatched: action, approvalWorkflow: workflow }, { requiredKeys: [] }),
  },
  { requiredKeys: ['tools'] },
)

/** Up to five policies with names of their own, some of them in the system namespace. */
export const policies: fc.Arbitrary<readonly RandomPolicy[]> = fc
  .array(fc.record({ namespace: fc.constantFrom('default', 'default', 'writ-system'), spec }), {
    maxLength: 5,
  })
  .map(list => list.map((item, i) => ({ ...item, name: `p${i}` }) as RandomPolicy))

/** Calls of few tools by few agents, with arguments that conditions can and cannot read. */
export const calls: fc.Arbitrary<Call> = fc.record(
  {
    tool: fc.constantFrom('a', 'b', 'ab', 'c', 'aab', ''),
    server: fc.constantFrom('builtin', 'files'),
    args: fc.record(
      { n: fc.oneof(fc.constantFrom(-1, 0, 1, 2), fc.string()), s: fc.constantFrom('x', 'y', 3) },
      { requiredKeys: [] },
    ),
    subject: fc.record({ agent: fc.constantFrom('web', 'cli', 'other') }),
    request: fc.record({ justification: fc.constantFrom('', ' ', 'ticket 7', 'so') }),
  },
  { requiredKeys: ['tool', 'server', 'args', 'subject'] },
)

/** The policies and the workflows they name as a file. JSON is YAML. */
export function written(list: readonly RandomPolicy[]): string {
  const resources = [
    ...['default', 'writ-system'].flatMap(namespace =>
      ['w1', 'w2', 'w3'].map(name => ({ kind: 'ApprovalWorkflow', namespace, name, spec: {} })),
    ),
    ...list.map(policy => ({ kind: 'AccessPolicy', ...policy })),
  ]
  return resources
    .map(({ kind, namespace, name, spec }) =>
      JSON.stringify({
        apiVersion: 'writ.dev/v1alpha1',
        kind,
        metadata: { name, namespace },
        spec,
      }),
    )
    .join('\n---\n')
}
