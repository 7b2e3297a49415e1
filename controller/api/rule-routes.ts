import Type from 'typebox'
import { actions } from '../../schemas/action.ts'
import { callKinds } from '../../schemas/call-kind.ts'
import { closed, type Frozen, oneOf, resourceName, text } from '../../schemas/field.ts'
import type { Releases } from '../publish/releases.ts'
import { declare } from './declare.ts'
import { nextWord, pageOf, pageWords } from './page-of.ts'
import { PlaceAnswer } from './place-answer.ts'
import type { Route } from './route.ts'
import { type RuleRow, ruleRows, type ToolRow, toolRows } from './rule-rows.ts'
import { tablesSeen } from './tables-seen.ts'

export interface RuleRoutesNeeds {
  readonly releases: Pick<Releases, 'current' | 'body'>
}

const string = (description: string) => Type.String({ description })
const maybe = (description: string) => Type.Optional(string(description))
const names = (description: string) => Type.Array(Type.String(), { description })

const inherited = {
  id: string('Id, as long as the policy keeps its name and its order.'),
  namespace: string('Namespace.'),
  policy: string('AccessPolicy; `namespace/name` for one of the system namespace.'),
  mode: oneOf(['enforce', 'observe'], 'Whether the policy is enforced or only observed.'),
  subjects: Type.Optional(
    closed(
      {
        agents: Type.Optional(names('Agents, globs.')),
        apiKeys: Type.Optional(names('Keys, globs.')),
      },
      'Whom the policy is about; everybody when absent.',
    ),
  ),
  at: PlaceAnswer,
}

const ToolConfiguration = closed(
  {
    ...inherited,
    toolName: string('Name of the tool as clients see it, or a glob.'),
    toolSource: string('`builtin`, the ToolServer, or `mcp` for any server.'),
    isEnabled: Type.Boolean({ description: 'False: hidden and refused.' }),
    justificationMode: oneOf(['disabled', 'optional', 'required'], 'Whether callers say why.'),
    approvalWorkflows: names('Workflows that its rules ask.'),
    description: maybe('Shown to clients instead of the description of the server.'),
    accessRules: Type.Integer({ description: 'How many rules it has.' }),
  },
  'What a policy says of a tool.',
)

const AccessRule = closed(
  {
    ...inherited,
    kind: oneOf(callKinds, 'What it is about.'),
    match: string('Tool, model, URI or prompt, or a glob.'),
    server: maybe('Only at this ToolServer.'),
    toolConfiguration: maybe('Id of the tool configuration that it belongs to.'),
    name: string('Name, or where it stands.'),
    priority: Type.Integer({ description: 'The smallest is tried first.' }),
    action: oneOf(actions, 'What happens to a call that matches.'),
    conditionExpression: maybe('Condition; it always matches when absent.'),
    conditionType: oneOf(['cel', 'simple'], 'Language of the condition.'),
    description: maybe('What the caller is told.'),
    isEnabled: Type.Boolean({ description: 'Whether the entry that it stands in is enabled.' }),
    approvalWorkflows: names('Workflows that it asks; the owners when it asks and names none.'),
  },
  'A rule of a policy.',
)

const common = {
  namespace: Type.Optional(resourceName('Those of this namespace.')),
  policy: Type.Optional(text('Those of this policy.', 512)),
  server: Type.Optional(text('Those that name this ToolServer; `builtin` for tools of Writ.', 253)),
}

const ToolQuery = closed(
  { ...common, tool: Type.Optional(text('Those that name this tool or glob.', 256)), ...pageWords },
  'Which tool configurations; each word narrows.',
)

const RuleQuery = closed(
  {
    ...common,
    kind: Type.Optional(oneOf(callKinds, 'Those that are about this kind of call.')),
    match: Type.Optional(text('Those that name this tool, model, URI, prompt or glob.', 8192)),
    action: Type.Optional(oneOf(actions, 'Those that do this.')),
    toolConfiguration: Type.Optional(text('Those of this tool configuration.', 1024)),
    ...pageWords,
  },
  'Which rules; each word narrows.',
)

const ToolPage = closed(
  {
    toolConfigurations: Type.Array(ToolConfiguration, {
      description: 'By namespace and policy, in the order in which they are read.',
    }),
    next: nextWord,
  },
  'A page of tool configurations.',
)

const RulePage = closed(
  {
    accessRules: Type.Array(AccessRule, {
      description: 'By namespace and policy, in the order in which they are tried.',
    }),
    next: nextWord,
  },
  'A page of rules.',
)

/** What the tables in force say of tools, and their rules one by one. They are written in the source and nowhere else. */
export function ruleRoutes({ releases }: RuleRoutesNeeds): readonly Route[] {
  return [
    declare({
      method: 'get',
      path: '/api/v1/tool-configurations',
      roles: ['admin', 'person'],
      permission: 'view_policies',
      summary: 'What the policies in force in your namespaces say of tools; a page.',
      query: ToolQuery,
      answers: { 200: { description: 'A page of tool configurations.', schema: ToolPage } },
      handle: async ({ query, caller }, response) => {
        const { namespace, limit, after, ...words } = query
        const tables = await tablesSeen(releases, caller, namespace)
        const rows = tables.flatMap(toolRows).filter(row => fits(row, words))
        const page = pageOf(rows, ({ key }) => key, {
          limit,
          ...(after !== undefined && { after }),
        })
        response.json({
          toolConfigurations: page.items.map(({ answer }) => answer),
          next: page.next,
        } satisfies Frozen<Type.Static<typeof ToolPage>>)
      },
    }),
    declare({
      method: 'get',
      path: '/api/v1/access-rules',
      roles: ['admin', 'person'],
      permission: 'view_policies',
      summary: 'The rules in force in your namespaces; a page.',
      query: RuleQuery,
      answers: { 200: { description: 'A page of rules.', schema: RulePage } },
      handle: async ({ query, caller }, response) => {
        const { namespace, limit, after, ...words } = query
        const tables = await tablesSeen(releases, caller, namespace)
        const rows = tables.flatMap(ruleRows).filter(row => fits(row, words))
        const page = pageOf(rows, ({ key }) => key, {
          limit,
          ...(after !== undefined && { after }),
        })
        response.json({
          accessRules: page.items.map(({ answer }) => answer),
          next: page.next,
        } satisfies Frozen<Type.Static<typeof RulePage>>)
      },
    }),
  ]
}

/** Whether a row has every word that is asked for. */
function fits(
  { words }: ToolRow | RuleRow,
  asked: Readonly<Record<string, string | undefined>>,
): boolean {
  return Object.entries(asked).every(
    ([name, value]) => value === undefined || words[name] === value,
  )
}
