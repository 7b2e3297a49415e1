import Type from 'typebox'
import { ApprovalEvent, ApprovalRequest } from '../../schemas/approval.ts'
import { type ApprovalState, approvalStates } from '../../schemas/approval-state.ts'
import { ApprovalWorkflowSpec } from '../../schemas/approval-workflow.ts'
import type { Directory } from '../../schemas/directory.ts'
import { closed, oneOf, resourceName, text } from '../../schemas/field.ts'
import type { ApprovalFilter, Approvals } from '../approvals/approvals.ts'
import { readCursor } from '../approvals/list-requests.ts'
import { panelsOf } from '../approvals/panel.ts'
import { type Caller, namespacesOf, sees } from './caller.ts'
import { declare } from './declare.ts'
import { RequestFailure } from './problem-answer.ts'
import { RequestId } from './request-id.ts'
import type { Route } from './route.ts'
import type { FindRequest } from './visible-request.ts'

export interface ApprovalRoutesNeeds {
  readonly approvals: Pick<Approvals, 'list' | 'history'>
  readonly find: FindRequest
  readonly directories: () => readonly Directory[]
}

const path = '/api/v1/approval-requests'

const Query = closed(
  {
    state: Type.Optional(
      Type.Array(oneOf(approvalStates, 'A state.'), {
        description: `States, separated by commas, of ${approvalStates.join(', ')}.`,
      }),
    ),
    namespace: Type.Optional(resourceName('Requests of this namespace.')),
    agent: Type.Optional(text('Requests of this agent.', 253)),
    tool: Type.Optional(text('Requests for this tool, URI, prompt or model.', 8192)),
    id: Type.Optional(
      Type.String({ pattern: '^[a-z0-9-]{1,20}$', description: 'How the id begins.' }),
    ),
    mine: Type.Optional(Type.Boolean({ description: 'Only those that you may decide now.' })),
    limit: Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'How many.' }),
    after: Type.Optional(text('The `next` of an earlier answer.', 512)),
  },
  'Which requests to list; each word narrows.',
)

const Page = closed(
  {
    requests: Type.Array(ApprovalRequest, { description: 'Newest first.' }),
    next: Type.Union([Type.String(), Type.Null()], {
      description: '`after` for what follows; null at the end.',
    }),
  },
  'A page of requests.',
)

const History = closed(
  { events: Type.Array(ApprovalEvent, { description: 'Oldest first.' }) },
  'What happened to a request.',
)

const people = { roles: ['admin', 'person'], permission: 'view_approvals' } as const

/** What people read of approvals: requests, their history, and who is asked. */
export function approvalRoutes(needs: ApprovalRoutesNeeds): readonly Route[] {
  const { approvals, find } = needs
  return [
    declare({
      method: 'get',
      path,
      ...people,
      attempt: 'list requests',
      summary: 'Requests for approval of your namespaces, newest first.',
      query: Query,
      answers: { 200: { description: 'A page of requests.', schema: Page } },
      handle: async ({ query, caller }, response) => {
        const { after = null, limit } = query
        if (after !== null && readCursor(after) === null) {
          throw new RequestFailure(400, 'after is the `next` of an earlier answer.')
        }
        response.json(await approvals.list(filterOf(query, caller), after, limit))
      },
    }),
    declare({
      method: 'get',
      path: `${path}/:id`,
      ...people,
      attempt: 'read',
      summary: 'One request with its answers.',
      params: RequestId,
      answers: { 200: { description: 'The request.', schema: ApprovalRequest } },
      handle: async (asked, response) => {
        response.json(await find(asked.params.id, 'read', asked))
      },
    }),
    declare({
      method: 'get',
      path: `${path}/:id/events`,
      ...people,
      attempt: 'read',
      summary: 'Everything that happened to a request, oldest first.',
      params: RequestId,
      answers: { 200: { description: 'Its history.', schema: History } },
      handle: async (asked, response) => {
        const { id } = await find(asked.params.id, 'read', asked)
        response.json({ events: await approvals.history(id) })
      },
    }),
    workflowsRoute(needs),
  ]
}

type Query = Type.Static<typeof Query>

function filterOf(
  { namespace, state, agent, tool, id, mine }: Query,
  caller: Caller,
): ApprovalFilter {
  const own = namespacesOf(caller)
  const asked = namespace === undefined ? own : [namespace]
  const namespaces = asked?.filter(name => own === null || own.includes(name))
  const person = 'person' in caller ? caller.person : null
  return {
    ...(namespaces && { namespaces }),
    ...(state && { states: state as readonly ApprovalState[] }),
    ...(agent !== undefined && { agent }),
    ...(tool !== undefined && { tool }),
    ...(id !== undefined && { idPrefix: id }),
    ...(mine && { decidableBy: person?.users ?? new Map() }),
  }
}

const Workflows = closed(
  {
    workflows: Type.Array(
      closed(
        {
          namespace: resourceName('Namespace that asks.'),
          name: text('Workflow; `namespace/name` when another namespace lends it.', 512),
          mayDecide: Type.Array(Type.String(), {
            description: 'Users who may decide, in general.',
          }),
          spec: ApprovalWorkflowSpec,
        },
        'A workflow.',
      ),
      { description: 'By namespace and name.' },
    ),
  },
  'Workflows in force.',
)

function workflowsRoute({ directories }: ApprovalRoutesNeeds): Route {
  return declare({
    method: 'get',
    path: '/api/v1/approval-workflows',
    ...people,
    summary: 'The workflows in force in your namespaces, and whom they ask.',
    answers: { 200: { description: 'Workflows in force.', schema: Workflows } },
    handle: ({ caller }, response) => {
      const visible = directories().filter(({ namespace }) => sees(caller, namespace))
      response.json({ workflows: visible.flatMap(workflowsOf) })
    },
  })
}

function workflowsOf(directory: Directory): Type.Static<typeof Workflows>['workflows'] {
  const { namespace, workflows } = directory
  const panels = panelsOf(
    directory,
    workflows.map(({ name }) => name),
    { escalated: [] },
  )
  return workflows.map(({ name, spec }, i) => ({
    namespace,
    name,
    mayDecide: [...(panels[i]?.mayDecide ?? [])],
    spec: spec as Type.Static<typeof ApprovalWorkflowSpec>,
  }))
}
