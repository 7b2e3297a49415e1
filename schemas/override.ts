import Type from 'typebox'
import { closed, type Frozen, instant, oneOf, resourceName, text } from './field.ts'

/** Shortest and longest time that an override lasts, in seconds. */
export const overrideTtl = { shortest: 300, longest: 86_400 }

/** What is asked for. */
export const OverrideRequest = closed(
  {
    documents: text('YAML documents with apiVersion, kind, metadata and spec.', 262_144),
    file: Type.Optional(
      text('What the file is called in problems; override.yaml when omitted.', 256),
    ),
    namespace: Type.Optional(
      resourceName('Namespace of documents that name none; `default` when omitted.'),
    ),
    ttlSeconds: Type.Integer({
      minimum: overrideTtl.shortest,
      maximum: overrideTtl.longest,
      description: 'How long it lasts: 5 minutes to 24 hours.',
    }),
    reason: text('Why; it goes on the record.', 1000),
  },
  'Documents that are to stand in place of those of the source for a while.',
)
export type OverrideRequest = Frozen<Type.Static<typeof OverrideRequest>>

const Document = closed(
  {
    kind: Type.String({ description: 'Kind.' }),
    namespace: Type.String({ description: 'Namespace.' }),
    name: Type.String({ description: 'Name.' }),
  },
  'A document of an override.',
)

const Change = closed(
  {
    state: oneOf(['proposed', 'failed'], 'Whether it could be proposed.'),
    url: Type.Optional(Type.String({ description: 'Where the pull request is.' })),
    branch: Type.Optional(Type.String({ description: 'The branch that holds it.' })),
    detail: Type.Optional(Type.String({ description: 'Why it could not be proposed yet.' })),
  },
  'The change by which the override would become permanent.',
)

export const Override = closed(
  {
    id: Type.String({ description: 'Id.' }),
    state: oneOf(
      ['in_force', 'ended', 'expired'],
      'Whether it stands, was ended by somebody, or by its time.',
    ),
    documents: Type.Array(Document, { description: 'What it replaces or adds.' }),
    reason: Type.String({ description: 'Why.' }),
    by: Type.String({ description: 'The User who applied it.' }),
    identity: Type.String({ description: 'How that was verified.' }),
    appliedAt: instant('When it was applied.'),
    expiresAt: instant('When it ends by itself.'),
    endedAt: Type.Optional(instant('When it ended.')),
    endedBy: Type.Optional(Type.String({ description: 'The User who ended it.' })),
    change: Type.Optional(Change),
  },
  'Documents that stand in place of those of the source until a time.',
)
export type Override = Frozen<Type.Static<typeof Override>>

export const OverrideEvent = closed(
  {
    type: oneOf(['applied', 'refused', 'ended', 'expired', 'proposed'], 'What happened.'),
    override: Type.Optional(Type.String({ description: 'Id; omitted when none came of it.' })),
    by: Type.Optional(Type.String({ description: 'The User who did it.' })),
    identity: Type.Optional(Type.String({ description: 'How that was verified.' })),
    detail: Type.Optional(Type.String({ description: 'More of it.' })),
    at: instant('When.'),
  },
  'Something that happened to an override.',
)
export type OverrideEvent = Frozen<Type.Static<typeof OverrideEvent>>
