import Type from 'typebox'
import {
  closed,
  duration,
  type Frozen,
  httpUrl,
  oneOf,
  resourceName,
  secretRef,
  text,
} from './field.ts'
import { PolicySourceState } from './policy-source-state.ts'
import type { Kind } from './resource.ts'

/** An app of GitHub, by which the controller acts as nobody's account. */
const GithubApp = closed(
  {
    appId: Type.Integer({ minimum: 1, description: 'Number of the app.' }),
    installationId: Type.Integer({
      minimum: 1,
      description: 'Number of its installation at the owner of the repository.',
    }),
    privateKeyRef: secretRef('Private key of the app, PEM.'),
  },
  'An app of GitHub; instead of secretRef.',
)

const Forge = closed(
  {
    type: oneOf(['github'], 'What kind of forge it is.'),
    repository: Type.String({
      pattern: '^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$',
      maxLength: 256,
      description: 'owner/name.',
    }),
    apiUrl: Type.Optional(httpUrl('Address of its API; https://api.github.com when omitted.')),
    secretRef: Type.Optional(secretRef('Token; instead of app.')),
    app: Type.Optional(GithubApp),
  },
  'Where changes are proposed and reviewed.',
)

const Signatures = closed(
  {
    required: Type.Boolean({
      default: false,
      description: 'Whether the newest commit must be signed by somebody who is known in force.',
    }),
    signers: Type.Optional(
      Type.Array(
        text('SSH public key on one line, or OpenPGP public key in ASCII armour.', 16_384),
        {
          maxItems: 64,
          description:
            'Keys that may sign, besides the signingKeys of users: of machines and of the forge itself.',
        },
      ),
    ),
  },
  'Whose signatures commits must bear.',
)

const Review = closed(
  {
    workflow: Type.Optional(
      resourceName(
        'ApprovalWorkflow that a change needs which may widen what agents can do; without one such a change cannot be approved.',
      ),
    ),
    replay: Type.Optional(
      duration('How far back recorded calls are judged again: 0s to 90d.', '30d'),
    ),
    requireApproved: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'A change that was merged without approval is not put in force.',
      }),
    ),
  },
  'How changes are reviewed.',
)

export const PolicySourceSpec = closed(
  {
    url: Type.String({
      pattern:
        '^(https?://[^\\s@/]+(/[^\\s]*)?|ssh://([A-Za-z0-9._-]+@)?[A-Za-z0-9\\[][^\\s@/]*/[^\\s]+|[A-Za-z0-9._]+@[A-Za-z0-9][A-Za-z0-9.-]*:[^\\s]+|file:///[^\\s]+|/[^\\s]+)$',
      maxLength: 2048,
      description:
        'Where the repository is: https://, ssh://, user@host:path, file:// or an absolute path; without credentials. http:// only on this machine.',
    }),
    branch: Type.Optional(
      Type.String({
        pattern: '^[^-/\\s~^:?*\\[\\\\][^\\s~^:?*\\[\\\\]*$',
        maxLength: 255,
        default: 'main',
        description: 'Branch that is in force.',
      }),
    ),
    path: Type.Optional(
      Type.String({
        pattern: '^[^/\\s][^\\s]*$',
        maxLength: 1024,
        description:
          'Folder in the repository with the policies; the whole repository when omitted.',
      }),
    ),
    interval: Type.Optional(duration('How often it is looked at: 10s to 24h.', '1m')),
    secretRef: Type.Optional(
      secretRef('Credentials: for https `user:password` or a token, for ssh a private key.'),
    ),
    knownHosts: Type.Optional(
      Type.Array(text('A line as in known_hosts.', 8192), {
        maxItems: 64,
        description: 'Keys of the SSH server; ssh needs them.',
      }),
    ),
    webhookSecretRef: Type.Optional(
      secretRef('Secret shared with the forge, by which its webhooks are believed.'),
    ),
    signatures: Type.Optional(Signatures),
    forge: Type.Optional(Forge),
    review: Type.Optional(Review),
    drift: Type.Optional(
      oneOf(['show', 'revert'], 'What is done about objects that were edited by hand.', {
        default: 'show',
      }),
    ),
    targetNamespace: Type.Optional(
      resourceName('Namespace of documents that name none; that of the source when omitted.'),
    ),
  },
  'A git repository that policies come from.',
)
export type PolicySourceSpec = Frozen<Type.Static<typeof PolicySourceSpec>>

/** Where changes of a source are proposed and reviewed. */
export type PolicyForge = NonNullable<PolicySourceSpec['forge']>

export const PolicySource = {
  kind: 'PolicySource',
  plural: 'policysources',
  shortNames: ['ps'],
  description: 'A git repository that policies come from, and how changes to it are reviewed.',
  spec: PolicySourceSpec,
  served: true,
  found: closed({ source: PolicySourceState }, 'What the source brought.'),
  columns: [
    { name: 'Url', type: 'string', jsonPath: '.spec.url' },
    { name: 'Branch', type: 'string', jsonPath: '.spec.branch' },
    { name: 'Commit', type: 'string', jsonPath: '.status.source.commit', priority: 1 },
    { name: 'Objects', type: 'integer', jsonPath: '.status.source.objects' },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
    },
    {
      name: 'Drifted',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Drifted")].status',
    },
  ],
} satisfies Kind
