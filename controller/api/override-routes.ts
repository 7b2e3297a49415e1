import type { Response } from 'express'
import Type from 'typebox'
import { closed, type Frozen } from '../../schemas/field.ts'
import { Override, OverrideEvent, OverrideRequest } from '../../schemas/override.ts'
import {
  type Applied,
  type ApplyOverrideNeeds,
  applyOverride,
} from '../overrides/apply-override.ts'
import { documentsIn } from '../overrides/documents.ts'
import type { OverrideActor } from '../overrides/stored-overrides.ts'
import type { Directories } from '../publish/directories.ts'
import { type Caller, identityOf, sees, userIn } from './caller.ts'
import { declare } from './declare.ts'
import { ownersIn } from './is-owner.ts'
import { RequestFailure } from './problem-answer.ts'
import { ProblemDetails } from './problem-details.ts'
import type { Route } from './route.ts'
import { ProblemAnswer } from './status-answer.ts'

export interface OverrideRoutesNeeds extends ApplyOverrideNeeds {
  readonly directories: Pick<Directories, 'of'>
}

const Overrides = closed(
  { overrides: Type.Array(Override, { description: 'Those that stand first, newest first.' }) },
  'Overrides.',
)
const Broken = closed(
  {
    ...ProblemDetails.properties,
    problems: Type.Array(ProblemAnswer, { description: 'What is wrong, by place.' }),
  },
  'Why the override was not applied.',
)
const Events = closed(
  { events: Type.Array(OverrideEvent, { description: 'Newest first.' }) },
  'What happened to overrides.',
)
const Id = Type.Object({
  id: Type.String({ pattern: '^ovr-[0-9a-z]{16}$', description: 'Id of the override.' }),
})

const path = '/api/v1/overrides'

/** Overrides: applied and ended by owners of every namespace they touch, and read by those who see these. */
export function overrideRoutes(needs: OverrideRoutesNeeds): readonly Route[] {
  return [applyRoute(needs), listRoute(needs), eventsRoute(needs), endRoute(needs)]
}

function applyRoute(needs: OverrideRoutesNeeds): Route {
  const { overrides } = needs
  const owns = owner(needs)
  return declare({
    method: 'post',
    path,
    roles: ['admin', 'person'],
    permission: 'apply_overrides',
    attempt: 'apply an override',
    summary: 'Puts documents in place of those of the source for a while; for owners.',
    body: { schema: OverrideRequest, mostBytes: 524_288 },
    answers: {
      201: { description: 'It stands, and is in force within moments.', schema: Override },
      422: { description: 'It does not compile; nothing is different.', schema: Broken },
    },
    handle: async ({ body, caller }, response) => {
      const { documents: text, namespace = 'default' } = body
      const namespaces = namespacesOf(documentsIn({ path: '', text, namespace }, namespace))
      const touched = namespaces.length === 0 ? [namespace] : namespaces
      const by = actorOf(caller, touched)
      const foreign = touched.find(name => !owns(caller, name))
      if (foreign !== undefined) {
        await overrides.refused(by, `not an owner of ${foreign}`)
        throw notAnOwner()
      }
      const applied = await applyOverride(needs, body, by, AbortSignal.timeout(longestMs))
      if (applied.outcome !== 'applied') await overrides.refused(by, whyOf(applied))
      answer(response, applied)
    },
  })
}

/** Longest time that an override is compiled, ms. */
const longestMs = 120_000

function answer(response: Response, applied: Applied): void {
  switch (applied.outcome) {
    case 'applied':
      response.status(201).json(applied.override)
      return
    case 'broken':
      response.status(422).type('application/problem+json')
      response.send(JSON.stringify({ ...broken, problems: applied.problems }))
      return
    case 'refused':
      throw new RequestFailure(409, refusals[applied.why], applied.why)
  }
}

function whyOf(applied: Exclude<Applied, { readonly outcome: 'applied' }>): string {
  return applied.outcome === 'refused'
    ? applied.why
    : `it does not compile: ${applied.problems[0]?.message ?? ''}`
}

function listRoute({ overrides }: OverrideRoutesNeeds): Route {
  return declare({
    method: 'get',
    path,
    roles: ['admin', 'person'],
    permission: 'view_policies',
    summary: 'Overrides of the namespaces that you see, and what became of them.',
    answers: { 200: { description: 'Overrides.', schema: Overrides } },
    handle: async ({ caller }, response) => {
      const all = await overrides.list()
      const seen = all.filter(({ documents }) =>
        documents.some(({ namespace }) => sees(caller, namespace)),
      )
      response.json({ overrides: seen } satisfies Frozen<Type.Static<typeof Overrides>>)
    },
  })
}

function eventsRoute({ overrides }: OverrideRoutesNeeds): Route {
  return declare({
    method: 'get',
    path: `${path}/events`,
    roles: ['admin'],
    permission: 'view_audit',
    summary: 'What happened to overrides, newest first, also what was refused.',
    answers: { 200: { description: 'Events.', schema: Events } },
    handle: async (_asked, response) => {
      const events = await overrides.events()
      response.json({ events } satisfies Frozen<Type.Static<typeof Events>>)
    },
  })
}

function endRoute(needs: OverrideRoutesNeeds): Route {
  const { overrides } = needs
  const owns = owner(needs)
  return declare({
    method: 'delete',
    path: `${path}/:id`,
    roles: ['admin', 'person'],
    permission: 'apply_overrides',
    attempt: 'end an override',
    summary: 'Ends an override before its time; for owners.',
    params: Id,
    answers: { 204: { description: 'It stands no more.' } },
    handle: async ({ params: { id }, caller }, response) => {
      const { documents = [] } = (await overrides.get(id)) ?? {}
      const touched = namespacesOf(documents)
      if (!touched.some(name => sees(caller, name))) throw unknown()
      const by = actorOf(caller, touched)
      const foreign = touched.find(name => !owns(caller, name))
      if (foreign !== undefined) {
        await overrides.refused(by, `ending ${id}: not an owner of ${foreign}`)
        throw notAnOwner()
      }
      if (!(await overrides.end(id, by))) {
        throw new RequestFailure(409, 'It has ended already.', 'ended_already')
      }
      response.status(204).end()
    },
  })
}

function owner({ directories }: OverrideRoutesNeeds) {
  const isOwner = ownersIn(directories)
  return (caller: Caller, namespace: string) => isOwner(namespace, userIn(caller, namespace))
}

function namespacesOf(documents: readonly { readonly namespace: string }[]): readonly string[] {
  return [...new Set(documents.map(({ namespace }) => namespace))]
}

/** The caller by the name that it has in the first of the namespaces that knows it. */
function actorOf(caller: Caller, namespaces: readonly string[]): OverrideActor {
  const [user = ''] = namespaces.map(name => userIn(caller, name)).filter(Boolean)
  return { user, identity: identityOf(caller) }
}

const broken = {
  type: 'about:blank',
  title: 'Cannot be processed',
  status: 422,
  detail: 'The override does not compile with what is in force; nothing is different.',
  code: 'override_broken',
}

const refusals = {
  changed_meanwhile: 'Other overrides were applied meanwhile; try again.',
  overridden_already: 'Another override stands in place of one of its documents; end that first.',
  too_many_overrides: 'Too many overrides stand at once; end some.',
  not_compilable: 'What is in force cannot be compiled anew: mend the source first.',
} as const

function notAnOwner(): RequestFailure {
  const detail = 'Only owners of every namespace that an override touches apply or end it.'
  return new RequestFailure(403, detail, 'not_an_owner')
}

function unknown(): RequestFailure {
  return new RequestFailure(404, 'There is no such override.', 'unknown_override')
}
