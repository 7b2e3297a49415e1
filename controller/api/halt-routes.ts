import Type from 'typebox'
import { redactText } from '../../records/redact/redact.ts'
import { closed, type Frozen } from '../../schemas/field.ts'
import { Halt, HaltEvent, HaltProgress, HaltRequest, LiftRequest } from '../../schemas/halt.ts'
import type { LiftRefusal } from '../halts/lift-halt.ts'
import { type Asker, mayHalt, type Right, rightToLift } from '../halts/may-lift.ts'
import { progressOf } from '../halts/progress.ts'
import type { StoredHalts } from '../halts/stored-halts.ts'
import type { Proxies } from '../proxies.ts'
import type { Directories } from '../publish/directories.ts'
import { type Caller, identityOf, sees, userIn } from './caller.ts'
import { declare } from './declare.ts'
import { RequestFailure } from './problem-answer.ts'
import type { Route } from './route.ts'

export interface HaltRoutesNeeds {
  readonly halts: StoredHalts
  readonly proxies: Pick<Proxies, 'list'>
  readonly directories: Pick<Directories, 'of' | 'all'>
  /** Whether an agent of the name is in force in the namespace, or in any (null). */
  readonly knowsAgent: (namespace: string | null, agent: string) => Promise<boolean>
  readonly now: () => number
}

const HaltAnswer = closed(
  { ...Halt.properties, progress: HaltProgress },
  'A halt, and how far proxies are with it.',
)
type HaltAnswer = Frozen<Type.Static<typeof HaltAnswer>>

const HaltsAnswer = closed(
  { halts: Type.Array(HaltAnswer, { description: 'Those that stand first, newest first.' }) },
  'Halts.',
)
const Events = closed(
  { events: Type.Array(HaltEvent, { description: 'Newest first.' }) },
  'What happened to halts.',
)
const Id = Type.Object({
  id: Type.String({ pattern: '^hlt-[0-9a-z]{16}$', description: 'Id of the halt.' }),
})

const path = '/api/v1/halts'
const mostBytes = 16_384

/** Halts: made by an owner or an admin alone, lifted by two owners, read by those who see the namespace. */
export function haltRoutes(needs: HaltRoutesNeeds): readonly Route[] {
  return [
    haltRoute(needs, path),
    haltRoute(needs, '/api/v1/halt'),
    listRoute(needs),
    eventsRoute(needs),
    showRoute(needs),
    liftRoute(needs),
  ]
}

function haltRoute(needs: HaltRoutesNeeds, path: string): Route {
  const { halts, directories } = needs
  return declare({
    method: 'post',
    path,
    roles: ['admin', 'person'],
    permission: 'halt_calls',
    attempt: 'halt',
    summary: 'Has every proxy refuse calls, at once; for owners and admins.',
    body: { schema: HaltRequest, mostBytes },
    answers: { 201: { description: 'It stands; proxies hear of it at once.', schema: HaltAnswer } },
    handle: async ({ body, caller }, response) => {
      const { what = 'all', namespace, agent, reason } = body
      const user = userOf(needs, caller, namespace)
      const by = { user, identity: identityOf(caller) }
      if (!mayHalt(directories.all(), namespace ?? null, askerOf(caller))) {
        await halts.refused(by, `halting ${namespace ?? 'everything'}: not an owner`)
        throw new RequestFailure(403, 'Only owners and admins halt.', 'not_an_owner')
      }
      await expectKnown(needs, body)
      const scope = { ...(namespace && { namespace }), ...(agent && { agent }) }
      const halt = await halts.halt({ what, ...scope, reason: redactText(reason) }, by)
      if (halt === null) {
        throw new RequestFailure(409, 'Too many halts stand at once; lift some.', 'too_many_halts')
      }
      response.status(201).json(answerOf(needs, halt))
    },
  })
}

/** A halt that is written wrongly would stop nothing. */
async function expectKnown(
  { directories, knowsAgent }: HaltRoutesNeeds,
  { namespace, agent }: HaltRequest,
): Promise<void> {
  if (namespace !== undefined && directories.of(namespace) === null) {
    const detail = `Nothing is in force in ${namespace}; check how it is written.`
    throw new RequestFailure(404, detail, 'unknown_namespace')
  }
  if (agent !== undefined && !(await knowsAgent(namespace ?? null, agent))) {
    const detail = `No Agent ${agent} is in force there; check how it is written.`
    throw new RequestFailure(404, detail, 'unknown_agent')
  }
}

function listRoute(needs: HaltRoutesNeeds): Route {
  return declare({
    method: 'get',
    path,
    roles: ['admin', 'person'],
    permission: 'view_status',
    summary: 'Halts that concern the namespaces that you see, and what became of them.',
    answers: { 200: { description: 'Halts.', schema: HaltsAnswer } },
    handle: async ({ caller }, response) => {
      const all = await needs.halts.list()
      const seen = all.filter(({ namespace }) => isSeen(caller, namespace))
      const halts = seen.map(halt => answerOf(needs, halt))
      response.json({ halts } satisfies Frozen<Type.Static<typeof HaltsAnswer>>)
    },
  })
}

function eventsRoute({ halts }: HaltRoutesNeeds): Route {
  return declare({
    method: 'get',
    path: `${path}/events`,
    roles: ['admin'],
    permission: 'view_audit',
    summary: 'What happened to halts, newest first, also what was refused.',
    answers: { 200: { description: 'Events.', schema: Events } },
    handle: async (_asked, response) => {
      const events = await halts.events()
      response.json({ events } satisfies Frozen<Type.Static<typeof Events>>)
    },
  })
}

function showRoute(needs: HaltRoutesNeeds): Route {
  return declare({
    method: 'get',
    path: `${path}/:id`,
    roles: ['admin', 'person'],
    permission: 'view_status',
    summary: 'One halt, and how many proxies refuse by it.',
    params: Id,
    answers: { 200: { description: 'The halt.', schema: HaltAnswer } },
    handle: async ({ params: { id }, caller }, response) => {
      response.json(answerOf(needs, await seenHalt(needs, id, caller)))
    },
  })
}

function liftRoute(needs: HaltRoutesNeeds): Route {
  const { halts, directories } = needs
  return declare({
    method: 'post',
    path: `${path}/:id/lift`,
    roles: ['admin', 'person'],
    permission: 'halt_calls',
    attempt: 'lift a halt',
    summary: 'Asks to lift a halt; the second owner who does lifts it.',
    params: Id,
    body: { schema: LiftRequest, mostBytes },
    answers: {
      200: { description: 'It is lifted.', schema: HaltAnswer },
      202: { description: 'Another owner has to confirm.', schema: HaltAnswer },
    },
    handle: async ({ params: { id }, body: { reason }, caller }, response) => {
      const { namespace } = await seenHalt(needs, id, caller)
      const right = rightToLift(directories.all(), namespace ?? null, askerOf(caller))
      const by = { user: userOf(needs, caller, namespace), identity: identityOf(caller) }
      if (!right.may) {
        await halts.refused(by, `lifting ${id}: ${refusals[right.why]}`)
        throw new RequestFailure(403, refusals[right.why], right.why)
      }
      const lifting = await halts.lift(id, redactText(reason), { ...right, identity: by.identity })
      if (lifting.outcome === 'refused') {
        await halts.refused(by, `lifting ${id}: ${liftRefusals[lifting.why]}`)
        throw new RequestFailure(409, liftRefusals[lifting.why], lifting.why)
      }
      response.status(lifting.outcome === 'asked' ? 202 : 200).json(answerOf(needs, lifting.halt))
    },
  })
}

async function seenHalt({ halts }: HaltRoutesNeeds, id: string, caller: Caller): Promise<Halt> {
  const halt = await halts.get(id)
  if (halt !== null && isSeen(caller, halt.namespace)) return halt
  throw new RequestFailure(404, 'There is no such halt.', 'unknown_halt')
}

/** A halt of everything concerns everybody. */
function isSeen(caller: Caller, namespace: string | undefined): boolean {
  return namespace === undefined || sees(caller, namespace)
}

function answerOf({ proxies, now }: HaltRoutesNeeds, halt: Halt): HaltAnswer {
  const standing = halt.state !== 'lifted'
  return { ...halt, progress: progressOf(proxies.list(), halt, standing, now()) }
}

function askerOf(caller: Caller): Asker {
  return {
    userIn: namespace => userIn(caller, namespace),
    // Whoever is signed in and came this far has a role that may halt.
    isAdmin: caller.role === 'admin' || caller.role === 'account',
  }
}

/** The caller by the name that it has in the namespace, or in the first that knows it. */
function userOf(
  { directories }: HaltRoutesNeeds,
  caller: Caller,
  namespace: string | undefined,
): string {
  const names = namespace ? [namespace] : directories.all().map(({ namespace }) => namespace)
  return names.map(name => userIn(caller, name)).find(Boolean) ?? ''
}

const refusals: Readonly<Record<Extract<Right, { readonly may: false }>['why'], string>> = {
  not_an_owner: 'Only owners of every namespace that a halt is about lift it.',
  nobody: 'You stand for no User there, and its owners lift it: use a key of your own.',
  no_common_owner:
    'Nobody is an owner in every namespace that it is about; make somebody one in writ-system.',
}

const liftRefusals: Readonly<Record<LiftRefusal, string>> = {
  unknown_halt: 'There is no such halt.',
  lifted_already: 'It is lifted already.',
  asked_by_you: 'You have asked for it yourself; another owner has to confirm.',
}
