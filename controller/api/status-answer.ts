import Type from 'typebox'
import { closed, instant, oneOf } from '../../schemas/field.ts'
import { HaltNotice, HaltProgress } from '../../schemas/halt.ts'
import { Override } from '../../schemas/override.ts'
import { UpstreamReport } from '../../schemas/proxy-report.ts'

const count = (description: string) => Type.Integer({ minimum: 0, description })
const string = (description: string) => Type.String({ description })

/** Something wrong with what is written, as the API tells it. */
export const ProblemAnswer = closed(
  {
    severity: oneOf(['error', 'warning'], 'Whether it keeps what is written out of force.'),
    code: string('What is wrong; see the list of problems.'),
    message: string('A sentence that says what is wrong.'),
    suggestion: Type.Optional(string('What to write instead.')),
    file: string('Where.'),
    line: Type.Integer({ minimum: 1, description: 'Line from 1.' }),
    column: Type.Integer({ minimum: 1, description: 'Column from 1.' }),
  },
  'Something wrong with what is written.',
)

const SourceAnswer = closed(
  {
    path: string('What is watched.'),
    state: oneOf(['starting', 'in_force', 'broken', 'unreadable'], 'How it was found last.'),
    commit: Type.Optional(string('Commit.')),
    files: Type.Optional(count('Files.')),
    lookedAt: Type.Optional(instant('When it was looked at last.')),
    failure: Type.Optional(
      closed({ code: string('Code.'), message: string('Why.') }, 'Why it is unreadable.'),
    ),
  },
  'What is written.',
)

const NamespaceAnswer = closed(
  {
    namespace: string('Namespace.'),
    digest: string('The last good table.'),
    sequence: count('Its release.'),
    publishedAt: instant('When it was published.'),
    commit: Type.Optional(string('Commit.')),
    enforcedBy: count('Connected proxies that enforce it.'),
    connected: count('Connected proxies that have to.'),
  },
  'What is in force.',
)

const rejected = Type.Array(
  closed(
    { namespace: string('Namespace.'), digest: string('Table.'), error: string('Why.') },
    'A table that was not accepted.',
  ),
)

const ProxyAnswer = closed(
  {
    id: string('Proxy.'),
    namespace: Type.Optional(string('The only namespace that it enforces.')),
    pod: Type.Optional(string('The pod that it is in.')),
    version: string('Version of Writ.'),
    seenAt: instant('When it was heard of.'),
    connected: Type.Boolean({ description: 'Whether it was heard of lately.' }),
    current: Type.Boolean({
      description: 'Whether it enforces every last good table that it has to.',
    }),
    rejected,
    upstreams: Type.Array(Type.Omit(UpstreamReport, ['tools']), { description: 'ToolServers.' }),
    journal: closed(
      {
        seq: count('Newest entry written.'),
        shipped: count('Newest entry that was handed in, as the proxy says.'),
        lag: count('Entries that wait at the proxy.'),
        missing: count('Entries that were numbered and never came.'),
      },
      'Its journal.',
    ),
  },
  'A proxy.',
)

/** How Writ is, as the API tells it. */
export const StatusAnswer = closed(
  {
    version: string('Version of Writ.'),
    store: oneOf(['embedded', 'postgresql'], 'Where things are kept.'),
    controllers: Type.Optional(
      closed(
        {
          leader: Type.Union([Type.String(), Type.Null()], {
            description: 'Who publishes; null where nobody has to lead.',
          }),
          names: Type.Array(Type.String(), { description: 'Those that are there.' }),
        },
        'The controllers on one store.',
      ),
    ),
    source: SourceAnswer,
    problems: closed(
      {
        errors: count('Errors.'),
        warnings: count('Warnings.'),
        list: Type.Array(ProblemAnswer, { description: 'By place.' }),
      },
      'What is wrong with what is written.',
    ),
    namespaces: Type.Array(NamespaceAnswer, { description: 'What is in force.' }),
    overrides: Type.Array(Override, {
      description: 'What stands in place of parts of the source for a while.',
    }),
    halts: Type.Array(
      closed({ ...HaltNotice.properties, progress: HaltProgress }, 'A halt that stands.'),
      { description: 'What people have stopped.' },
    ),
    proxies: Type.Array(ProxyAnswer, { description: 'Who enforces it.' }),
    checkpoints: closed(
      {
        keyId: string('Name of the key that signs them.'),
        newest: Type.Union([
          closed({ number: count('Number.'), time: string('When it was made.') }, 'The newest.'),
          Type.Null(),
        ]),
        waiting: count('Entries that no checkpoint speaks for yet.'),
        copies: Type.Union([
          closed(
            {
              place: string('Repository and branch.'),
              number: count('The newest that is there; 0 for none.'),
              publishedAt: Type.Union([string('When it was published.'), Type.Null()]),
              failure: Type.Union([string('Why the last attempt failed.'), Type.Null()]),
            },
            'How far they are published; null where they are not.',
          ),
          Type.Null(),
        ]),
      },
      'Checkpoints of what is recorded.',
    ),
    ledger: closed(
      {
        records: count('Entries.'),
        missing: count('Entries that were numbered and never came.'),
        gaps: Type.Array(
          closed(
            { proxy: string('Proxy.'), from: count('First.'), to: count('Last.') },
            'Numbers that never came.',
          ),
        ),
        flaws: Type.Optional(
          Type.Array(
            closed(
              { code: string('What did not fit.'), count: count('How often.') },
              'What did not fit in the chain of a proxy.',
            ),
          ),
        ),
        deleted: Type.Optional(count('Entries that are kept no longer.')),
      },
      'What is recorded.',
    ),
  },
  'What is written, what is in force, and what is recorded.',
)
