import type { Response } from 'express'
import Type from 'typebox'
import { anyDocumentSchema, editorSchema } from '../../schemas/editor-schema.ts'
import { closed, type Frozen } from '../../schemas/field.ts'
import { kinds } from '../../schemas/kinds.ts'
import type { Problem } from '../../schemas/problem.ts'
import { planFor } from '../policies/states.ts'
import type { WrittenPolicies } from '../policies/written-policies.ts'
import type { Releases } from '../publish/releases.ts'
import { sees } from './caller.ts'
import { declare } from './declare.ts'
import { inTime } from './in-time.ts'
import { PlansAnswer, visiblePlans } from './plan-answer.ts'
import { compiledFor, mostPolicyBytes, PolicyFiles, visibleProblems } from './policy-files.ts'
import { RequestFailure } from './problem-answer.ts'
import { ProblemDetails } from './problem-details.ts'
import type { Route } from './route.ts'
import { ProblemAnswer } from './status-answer.ts'

export interface PolicyRoutesNeeds {
  readonly written: WrittenPolicies
  readonly releases: Pick<Releases, 'current' | 'body' | 'directories'>
}

const problems = (description: string) => Type.Array(ProblemAnswer, { description })

const Validation = closed(
  {
    valid: Type.Boolean({ description: 'Whether it compiles, with what stands beside it.' }),
    errors: problems('What keeps it from coming into force; with what was sent.'),
    warnings: problems('What does not.'),
    tables: Type.Record(Type.String(), Type.String(), {
      description: 'Digest of the table of each namespace that you see; empty unless it is valid.',
    }),
  },
  'What is wrong with policies.',
)

const Difference = closed(
  {
    changed: Type.Boolean({ description: 'Whether anything changes in the namespaces you see.' }),
    ...PlansAnswer.properties,
  },
  'What would change for agents.',
)

/** Why policies were not looked at further. */
export const BrokenPolicies = closed(
  { ...ProblemDetails.properties, problems: problems('What is wrong, by place.') },
  'The policies do not compile.',
)

const Schema = closed(
  { kind: Type.Optional(Type.String({ maxLength: 64, description: 'One kind; all together.' })) },
  'Which documents.',
)

/** What would become of policies that somebody has written, and how they are written. */
export function policyRoutes(needs: PolicyRoutesNeeds): readonly Route[] {
  return [validateRoute(needs), diffRoute(needs), schemaRoute()]
}

function validateRoute({ written }: PolicyRoutesNeeds): Route {
  return declare({
    method: 'post',
    path: '/api/v1/policies/validate',
    roles: ['admin', 'person'],
    permission: 'view_policies',
    attempt: 'validate policies',
    summary: 'Says what is wrong with policies, together with those that are written already.',
    body: { schema: PolicyFiles, mostBytes: mostPolicyBytes },
    answers: { 200: { description: 'What is wrong.', schema: Validation } },
    handle: async ({ body, caller }, response) => {
      const answer = await compiledFor(written, body, caller)
      const shown = visibleProblems(answer, body.files, caller)
      const of = (severity: Problem['severity']) => shown.filter(one => one.severity === severity)
      const tables = (answer.tables ?? []).filter(([name]) => sees(caller, name))
      response.json({
        valid: answer.tables !== null,
        errors: of('error'),
        warnings: of('warning'),
        tables: Object.fromEntries(tables.map(([name, { digest }]) => [name, digest])),
      } satisfies Frozen<Type.Static<typeof Validation>>)
    },
  })
}

function diffRoute(needs: PolicyRoutesNeeds): Route {
  const { written } = needs
  return declare({
    method: 'post',
    path: '/api/v1/policies/diff',
    roles: ['admin', 'person'],
    permission: 'view_policies',
    attempt: 'compare policies',
    summary: 'Says what would change for agents if policies came into force.',
    body: { schema: PolicyFiles, mostBytes: mostPolicyBytes },
    answers: {
      200: { description: 'What changes.', schema: Difference },
      422: {
        description: 'They do not compile.',
        type: 'application/problem+json',
        schema: BrokenPolicies,
      },
    },
    handle: async ({ body, caller }, response) => {
      const answer = await compiledFor(written, body, caller)
      if (answer.tables === null) {
        return answerBroken(response, visibleProblems(answer, body.files, caller))
      }
      const all = await inTime(signal => planFor(needs, answer, signal))
      const plans = visiblePlans(all, caller)
      const changed = plans.plans.some(({ changes }) => changes.length > 0)
      response.json({ changed, ...plans })
    },
  })
}

/** Says that policies do not compile, and why. */
export function answerBroken(response: Response, problems: readonly Problem[]): void {
  const details = {
    type: 'about:blank',
    title: 'Cannot be processed',
    status: 422,
    detail: 'The policies do not compile.',
    code: 'broken',
    problems,
  }
  response.status(422).type('application/problem+json').send(JSON.stringify(details))
}

function schemaRoute(): Route {
  return declare({
    method: 'get',
    path: '/api/v1/policies/schema',
    roles: ['admin', 'person'],
    permission: 'view_policies',
    summary: 'JSON Schema of the documents that policies are written in, for editors and programs.',
    query: Schema,
    answers: {
      200: { description: 'The schema.', type: 'application/schema+json', schema: Type.Object({}) },
    },
    handle: ({ query: { kind: name } }, response) => {
      const kind = kinds.find(one => one.kind === name)
      if (name !== undefined && kind === undefined) {
        throw new RequestFailure(404, `The kinds are ${kinds.map(one => one.kind).join(', ')}.`)
      }
      const schema = kind === undefined ? anyDocumentSchema(kinds) : editorSchema(kind)
      response.type('application/schema+json').send(JSON.stringify(schema))
    },
  })
}
