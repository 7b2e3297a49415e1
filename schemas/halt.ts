import Type from 'typebox'
import { closed, type Frozen, instant, oneOf, resourceName, text } from './field.ts'

/** What a halt stops: calls of tools, resources and prompts; requests to models; or both. */
export const haltScopes = ['all', 'tools', 'models'] as const

/** Halts that stand at once. */
export const mostHalts = 50

const stop = {
  what: oneOf(haltScopes, 'What stops: tools (resources and prompts with them), models, or all.'),
  namespace: Type.Optional(resourceName('The only namespace; every namespace when omitted.')),
  agent: Type.Optional(resourceName('The only agent; every agent when omitted.')),
}

/** One line: proxies repeat it to those who are refused. */
const why = Type.String({
  minLength: 1,
  maxLength: 300,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]+$',
  description: 'Why, in one line; the agents that are refused read it.',
})

export const HaltRequest = closed(
  { ...stop, what: Type.Optional(stop.what), reason: why },
  'What is to stop, and why.',
)
export type HaltRequest = Frozen<Type.Static<typeof HaltRequest>>

export const LiftRequest = closed({ reason: why }, 'Why the halt may be lifted.')
export type LiftRequest = Frozen<Type.Static<typeof LiftRequest>>

/** A halt as proxies hear and repeat it. */
export const HaltNotice = closed(
  {
    id: text('Id.', 64),
    ...stop,
    reason: why,
    by: text('Who halted.', 512),
    since: instant('Since when.'),
  },
  'A halt that stands.',
)
export type HaltNotice = Frozen<Type.Static<typeof HaltNotice>>

/**
 * The controller's word what is halted. The signature (Ed25519) covers the canonical JSON (RFC 8785) of every other
 * field.
 */
export const HaltList = closed(
  {
    format: Type.Literal('writ.dev/halts/v1'),
    namespace: Type.Optional(
      resourceName('What concerns this one; every namespace when it is absent.'),
    ),
    sequence: Type.Integer({ minimum: 0, description: 'Grows with every halt and every lift.' }),
    publishedAt: instant('When it was written.'),
    halts: Type.Array(HaltNotice, { maxItems: mostHalts, description: 'Those that stand.' }),
    keyId: Type.String({ description: 'Which key signed.' }),
    signature: Type.String({ description: 'Ed25519, base64url.' }),
  },
  'A signed list of halts.',
)
export type HaltList = Frozen<Type.Static<typeof HaltList>>

const LiftAsked = closed(
  {
    by: Type.String({ description: 'Who asked.' }),
    identity: Type.String({ description: 'How that was verified.' }),
    reason: Type.String({ description: 'Why.' }),
    at: instant('When.'),
  },
  'That somebody asked to lift it.',
)

const Lifted = closed(
  {
    by: Type.String({ description: 'Who confirmed, or lifted it alone.' }),
    identity: Type.String({ description: 'How that was verified.' }),
    reason: Type.String({ description: 'Why.' }),
    at: instant('When.'),
    reviewed: Type.Boolean({
      description: 'Whether two people were in it; false where there was nobody else.',
    }),
  },
  'That it was lifted.',
)

export const Halt = closed(
  {
    id: Type.String({ description: 'Id.' }),
    state: oneOf(['standing', 'lift_asked', 'lifted'], 'Whether it stands.'),
    ...stop,
    reason: Type.String({ description: 'Why.' }),
    by: Type.String({ description: 'Who halted.' }),
    identity: Type.String({ description: 'How that was verified.' }),
    at: instant('When.'),
    liftAsked: Type.Optional(LiftAsked),
    lifted: Type.Optional(Lifted),
  },
  'Calls that every proxy refuses until it is lifted.',
)
export type Halt = Frozen<Type.Static<typeof Halt>>

/** How far the proxies are that a halt concerns. */
export const HaltProgress = closed(
  {
    proxies: Type.Integer({ minimum: 0, description: 'Proxies that it concerns.' }),
    done: Type.Integer({
      minimum: 0,
      description: 'Those that refuse; once it is lifted, those that refuse no more.',
    }),
    waitingFor: Type.Array(Type.String(), { description: 'Some of the others that are heard.' }),
    silent: Type.Array(Type.String(), {
      description: 'Some that were not heard of in the last 20 s and had not said so before.',
    }),
  },
  'How far proxies are.',
)
export type HaltProgress = Frozen<Type.Static<typeof HaltProgress>>

export const HaltEvent = closed(
  {
    type: oneOf(['halted', 'lift_asked', 'lifted', 'refused'], 'What happened.'),
    halt: Type.Optional(Type.String({ description: 'Id; omitted when none came of it.' })),
    by: Type.Optional(Type.String({ description: 'Who did it.' })),
    identity: Type.Optional(Type.String({ description: 'How that was verified.' })),
    detail: Type.Optional(Type.String({ description: 'More of it.' })),
    at: instant('When.'),
  },
  'Something that happened to a halt.',
)
export type HaltEvent = Frozen<Type.Static<typeof HaltEvent>>
