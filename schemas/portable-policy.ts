import Type from 'typebox'
import { action } from './action-field.ts'
import { closed, type Frozen, oneOf, text } from './field.ts'

const name = (description: string) => text(description, 253)

const names = (description: string) =>
  Type.Optional(Type.Array(text('Name.', 253), { maxItems: 256, description }))

/** A section may be left empty: nothing is said about it then. */
function section<T extends Type.TSchema>(items: T, description: string) {
  return Type.Optional(
    Type.Unsafe<Type.Static<T>[] | null>({
      type: ['array', 'null'],
      items,
      maxItems: 20_000,
      description,
    }),
  )
}

export const PortableServer = closed(
  {
    name: name('Name that tools refer to in `source`.'),
    url: text('Address of the MCP endpoint; may refer to environment variables.', 2048),
    transport: Type.Optional(
      oneOf(
        ['streamable-http', 'http-streaming', 'sse', 'stdio'],
        'How the server is reached; `http-streaming` is streamable-http.',
        { default: 'streamable-http' },
      ),
    ),
    auth_type: Type.Optional(
      oneOf(['none', 'bearer', 'api_key', 'oauth'], 'How Writ authenticates itself.', {
        default: 'none',
      }),
    ),
    auth_config: Type.Optional(
      Type.Object(
        {
          token: Type.Optional(
            text('Token for bearer: a reference to an environment variable.', 8192),
          ),
          access_token: Type.Optional(
            text('Token for oauth: a reference to an environment variable.', 8192),
          ),
          api_key: Type.Optional(
            text('Key for api_key: a reference to an environment variable.', 8192),
          ),
          key_name: Type.Optional(
            text('Header that carries the key; X-API-Key when omitted.', 128),
          ),
        },
        {
          additionalProperties: true,
          description: 'Credentials, written as references to environment variables.',
        },
      ),
    ),
  },
  'An MCP server.',
)
export type PortableServer = Frozen<Type.Static<typeof PortableServer>>

const webhook = (description: string) =>
  Type.Optional(
    Type.Object(
      { webhook_url: Type.Optional(text('Address of the webhook.', 2048)) },
      { additionalProperties: false, description },
    ),
  )

export const PortableWorkflow = closed(
  {
    name: name('Name that tools and defaults refer to.'),
    description: Type.Optional(text('When the workflow is used.', 4096)),
    timeout_seconds: Type.Optional(
      Type.Integer({
        minimum: 30,
        maximum: 86_400,
        default: 300,
        description: 'How long the question stays open.',
      }),
    ),
    require_reason: Type.Optional(
      Type.Boolean({ default: false, description: 'Deciding needs a reason.' }),
    ),
    is_default: Type.Optional(
      Type.Boolean({ default: false, description: 'Asked where no other workflow is named.' }),
    ),
    workflow_type: Type.Optional(
      oneOf(['simple', 'multi_stage', 'consensus'], 'Only `simple` has a meaning.', {
        default: 'simple',
      }),
    ),
    approvals_required: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10, default: 1, description: 'How many must approve.' }),
    ),
    required_approvals: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10,
        description: 'Another word for approvals_required.',
      }),
    ),
    approver_users: names('Who may approve.'),
    approver_teams: names('Teams whose members may approve.'),
    escalation_users: names('Who may decide as well once the timeout has passed.'),
    escalation_teams: names('Teams that may decide as well once the timeout has passed.'),
    channel_configs: Type.Optional(
      closed(
        {
          slack: webhook('Slack.'),
          mattermost: webhook('Mattermost.'),
          webhook: Type.Optional(
            closed(
              {
                url: Type.Optional(text('Address.', 2048)),
                headers: Type.Optional(
                  Type.Record(Type.String(), Type.String(), { description: 'Headers.' }),
                ),
              },
              'Webhook.',
            ),
          ),
        },
        'Where people are told; write a NotificationChannel instead.',
      ),
    ),
    approval_type: Type.Optional(
      oneOf(['standard', 'ai_driven'], 'Whether a model judges first.', { default: 'standard' }),
    ),
    ai_model: Type.Optional(text('Model that judges; needed for ai_driven.', 256)),
    ai_guidelines: Type.Optional(text('Instructions to the judge.', 16_384)),
    ai_context: Type.Optional(Type.Unknown({ description: 'Facts for the judge.' })),
    ai_confidence_threshold: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.8,
        description: 'Least confidence at which the answer of the judge counts.',
      }),
    ),
    ai_fallback_behavior: Type.Optional(
      oneOf(['escalate', 'approve', 'deny'], 'What an uncertain or failed judge means.', {
        default: 'escalate',
      }),
    ),
    escalation_workflow: Type.Optional(name('Workflow that asks people when the judge escalates.')),
    async_approval: Type.Optional(
      Type.Boolean({ default: false, description: 'The call is parked at once.' }),
    ),
  },
  'Who is asked, and how.',
)
export type PortableWorkflow = Frozen<Type.Static<typeof PortableWorkflow>>

export const PortableCondition = closed(
  {
    expression: Type.String({
      pattern: '\\S',
      maxLength: 4096,
      description: 'Condition over args.',
    }),
    action: Type.Optional(
      action(
        'What happens to a call that matches: allow, deny or require_approval.',
        'require_approval',
      ),
    ),
    condition_type: Type.Optional(
      oneOf(['simple', 'cel'], 'Language of the expression.', { default: 'simple' }),
    ),
    description: Type.Optional(text('What the caller is told.', 4096)),
  },
  'A condition and what happens when it holds.',
)
export type PortableCondition = Frozen<Type.Static<typeof PortableCondition>>

export const PortableTool = closed(
  {
    name: text('Name of the tool as clients see it.', 256),
    source: Type.Optional(
      text('`builtin` (default), `mcp` for any MCP server, or the name of one.', 253),
    ),
    enabled: Type.Optional(Type.Boolean({ default: true, description: 'False hides the tool.' })),
    approval_workflow: Type.Optional(name('Workflow that is asked about the tool.')),
    conditions: section(PortableCondition, 'Read in order; the first that holds decides.'),
    description: Type.Optional(
      text('Shown to clients instead of the description of the server.', 16_384),
    ),
    justification: Type.Optional(oneOf(['optional', 'required'], 'Whether callers give a reason.')),
    custom_config: Type.Optional(Type.Unknown({ description: 'Not read.' })),
  },
  'Rules for one tool.',
)
export type PortableTool = Frozen<Type.Static<typeof PortableTool>>

/** A policy file of format version 1.0, which other systems read and write too. */
export const PortablePolicy = closed(
  {
    version: Type.Unsafe<'1.0'>({ const: '1.0', description: 'Always "1.0", in quotes.' }),
    metadata: closed(
      {
        name: text('Name of the policy.', 253),
        description: Type.Optional(text('What the policy is for.', 4096)),
        author: Type.Optional(text('Who wrote it.', 253)),
        tags: names('Tags.'),
        created_at: Type.Optional(Type.String({ description: 'When it was exported.' })),
      },
      'Name and description.',
    ),
    mcp_servers: section(PortableServer, 'MCP servers.'),
    approval_workflows: section(PortableWorkflow, 'Workflows.'),
    tools: section(PortableTool, 'Tools; one that is not listed has the default.'),
    defaults: Type.Optional(
      closed(
        {
          unknown_tools: Type.Optional(action('Verdict on tools that are not listed.', 'allow')),
          require_approval_for_new_tools: Type.Optional(
            Type.Boolean({
              default: false,
              description: 'Tools that are not listed need approval.',
            }),
          ),
          default_approval_workflow: Type.Optional(name('Asked where no other workflow is named.')),
          inherit_from_parent: Type.Optional(
            Type.Boolean({ default: true, description: 'Not read.' }),
          ),
        },
        'What holds where tools are silent.',
      ),
    ),
  },
  'A portable policy, format version 1.0.',
)
export type PortablePolicy = Frozen<Type.Static<typeof PortablePolicy>>
