import Type from 'typebox'
import { action } from './action-field.ts'
import { closed, type Frozen, glob, oneOf, resourceName, text } from './field.ts'
import type { Kind } from './resource.ts'

/** One rule: the first in its entry whose condition holds decides. */
export const Rule = closed(
  {
    name: Type.Optional(text('Name of the rule, shown in refusals and records.', 128)),
    when: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description:
          'CEL condition over args, tool, model, request, subject and session. Omit it and the rule always matches.',
      }),
    ),
    action: action('What happens to a call that matches: allow, deny or require_approval.'),
    message: Type.Optional(
      text('What the caller is told when the rule refuses or asks: say what to do instead.'),
    ),
    approvalWorkflow: Type.Optional(
      resourceName('ApprovalWorkflow to ask instead of the one of the entry or the policy.'),
    ),
  },
  'A condition and what happens when it holds.',
)
export type Rule = Frozen<Type.Static<typeof Rule>>

const Rules = Type.Array(Rule, {
  maxItems: 20_000,
  description: 'Read in order; the first rule whose condition holds decides.',
})

const shared = {
  enabled: Type.Optional(
    Type.Boolean({
      default: true,
      description: 'Set to false to hide what this entry matches from lists and refuse it.',
    }),
  ),
  approvalWorkflow: Type.Optional(
    resourceName('ApprovalWorkflow for rules of this entry that require approval.'),
  ),
  rules: Type.Optional(Rules),
}

const justification = Type.Optional(
  oneOf(
    ['required', 'optional', 'off'],
    'Whether callers give a reason in an added argument `justification`.',
    { default: 'off' },
  ),
)

const server = Type.Optional(
  resourceName('Only what this ToolServer offers; `builtin` for the tools of Writ itself.'),
)

export const ToolEntry = closed(
  {
    name: glob('Tool name as clients see it, or a glob such as `deploy_*`.'),
    server,
    justification,
    ...shared,
  },
  'Rules for the tools that the name matches; the first entry that matches a tool speaks.',
)
export type ToolEntry = Frozen<Type.Static<typeof ToolEntry>>

const ModelEntry = closed(
  { name: glob('Model name or alias, or a glob such as `claude-*`.'), ...shared },
  'Rules for requests to the models that the name matches.',
)

const ResourceEntry = closed(
  { uri: glob('MCP resource URI, or a glob such as `file:///public/*`.'), server, ...shared },
  'Rules for reading and subscribing to the MCP resources that the URI matches.',
)

const PromptEntry = closed(
  { name: glob('MCP prompt name as clients see it, or a glob.'), server, ...shared },
  'Rules for getting the MCP prompts that the name matches.',
)

function entries<T extends Type.TSchema>(entry: T, description: string) {
  return Type.Optional(Type.Array(entry, { maxItems: 20_000, description }))
}

export const AccessPolicySpec = closed(
  {
    description: Type.Optional(text('What the policy is for, in a sentence.', 4096)),
    mode: Type.Optional(
      oneOf(
        ['enforce', 'observe'],
        '`observe` evaluates and records the policy beside the enforced decision and changes nothing.',
        { default: 'enforce' },
      ),
    ),
    subjects: Type.Optional(
      closed(
        {
          agents: Type.Optional(
            Type.Array(glob('Agent name or glob.'), {
              minItems: 1,
              maxItems: 256,
              description: 'Agents the policy applies to.',
            }),
          ),
          apiKeys: Type.Optional(
            Type.Array(glob('API key name or glob.'), {
              minItems: 1,
              maxItems: 256,
              description: 'API keys the policy applies to.',
            }),
          ),
        },
        'Who the policy applies to; every caller in the namespace when omitted. A caller must match each list given.',
      ),
    ),
    tools: entries(ToolEntry, 'Entries for MCP tools; the first that matches a tool speaks.'),
    models: entries(ModelEntry, 'Entries for model requests; the first that matches speaks.'),
    resources: entries(ResourceEntry, 'Entries for MCP resources; the first that matches speaks.'),
    prompts: entries(PromptEntry, 'Entries for MCP prompts; the first that matches speaks.'),
    defaults: Type.Optional(
      closed(
        {
          unmatched: Type.Optional(
            action('Verdict when no entry or no rule of any policy matched.', 'deny'),
          ),
          approvalWorkflow: Type.Optional(
            resourceName('ApprovalWorkflow where neither rule nor entry names one.'),
          ),
        },
        'What holds where entries and rules are silent.',
      ),
    ),
  },
  'Ordered rules per tool, model, resource and prompt, who they apply to, and the defaults.',
)
export type AccessPolicySpec = Frozen<Type.Static<typeof AccessPolicySpec>>

export const AccessPolicy = {
  kind: 'AccessPolicy',
  plural: 'accesspolicies',
  shortNames: ['ap'],
  description: 'What agents may do: ordered rules per tool and per model.',
  spec: AccessPolicySpec,
  served: true,
  columns: [
    { name: 'Mode', type: 'string', jsonPath: '.spec.mode' },
    { name: 'Unmatched', type: 'string', jsonPath: '.spec.defaults.unmatched', priority: 1 },
  ],
} satisfies Kind
