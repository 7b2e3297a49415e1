import { builtinRefusal } from '../../policy/decide/builtin.ts'
import { noTable } from '../../policy/decide/decide.ts'
import type { Facts } from '../../policy/decide/facts.ts'
import { asksAtAll } from '../../policy/decide/may-ask.ts'
import { type BuiltinTool, builtin, builtinTools } from '../../schemas/builtin-tool.ts'
import type { Decision } from '../../schemas/decision.ts'
import type { Answer, Exchange, Firewall } from '../mcp/exchange.ts'
import { refuse } from '../mcp/forward.ts'
import { type Asker, factsOf, type Judged, judgedAs, subjectOf } from '../mcp/judge.ts'
import type { ToolCall } from '../mcp/judged-tool.ts'
import { refusalBy } from '../mcp/refusal.ts'
import type { JsonObject } from '../mcp/rpc.ts'
import { judgedBy } from '../record/judged-by.ts'
import { ownerOf } from './call-digest.ts'
import { getApprovalStatus } from './get-approval-status.ts'
import { requestApproval } from './request-approval.ts'

/** The tools that Writ itself offers to those whose calls people may be asked about. */
export interface OwnTools {
  /** Those that this caller may use, as `tools/list` shows them. */
  shown(firewall: Firewall, asker: Asker): readonly JsonObject[]
  /** Null when the name is none of theirs, or not for this caller. */
  call(firewall: Firewall, exchange: Exchange, call: ToolCall): Promise<Answer> | null
}

/** Writ's own tools. */
export function ownTools(): OwnTools {
  return {
    shown: (firewall, asker) =>
      builtinTools.flatMap(name =>
        asksThem(firewall, asker) && !isForbidden(firewall, asker, name) ? [definitions[name]] : [],
      ),
    call(firewall, exchange, { name, args }) {
      const known = builtinTools.find(tool => tool === name)
      if (known === undefined) return null
      const { requests } = firewall.approvals
      const theirs = asksThem(firewall, exchange) || requests.anyOf(ownerOf(exchange.client.caller))
      if (!theirs) return null
      const judged = judgedOwn(firewall, exchange, known, args)
      const refusal = refusalBy(judged.decision, judged.subject)
      if (refusal !== null) return refuse(firewall, exchange, judged, refusal)
      return known === 'get_approval_status'
        ? getApprovalStatus(firewall, exchange, judged)
        : requestApproval(firewall, exchange, judged)
    },
  }
}

/** Asking and looking do nothing by themselves. */
function harmlessBy({ tables }: Firewall, { client }: Asker): Decision {
  const { digest = '' } = tables.current(client.caller.namespace) ?? {}
  return { action: 'allow', reason: 'unmatched', observed: [], table: digest }
}

function asksThem({ tables, now }: Firewall, { client }: Asker): boolean {
  const table = tables.current(client.caller.namespace)
  return table !== null && asksAtAll(table, factsOf(client, subjectOf('tool', builtin, ''), now()))
}

function isForbidden(firewall: Firewall, asker: Asker, name: BuiltinTool): boolean {
  const facts = factsOf(asker.client, subjectOf('tool', builtin, name), firewall.now())
  return forbiddenBy(firewall, asker, facts) !== null
}

function forbiddenBy({ tables }: Firewall, { client }: Asker, facts: Facts): Decision | null {
  const table = tables.current(client.caller.namespace)
  return table === null ? noTable : builtinRefusal(table, facts)
}

function judgedOwn(firewall: Firewall, asker: Asker, name: BuiltinTool, args: JsonObject): Judged {
  const subject = { ...subjectOf('tool', builtin, name), args }
  const facts = factsOf(asker.client, subject, firewall.now())
  const decision = forbiddenBy(firewall, asker, facts) ?? harmlessBy(firewall, asker)
  return judgedAs(asker, subject, decision, judgedBy(facts, asker.client, decision))
}

const definitions: { readonly [Name in BuiltinTool]: JsonObject } = {
  get_approval_status: {
    name: 'get_approval_status',
    title: 'Look at a request for approval',
    description:
      'Says how a request for approval stands that one of your calls was answered with. If the request is approved and ' +
      'its call is waiting, the call is made now, once, and you get its result.',
    inputSchema: {
      type: 'object',
      properties: {
        id: { type: 'string', description: 'The id of the request, as in `apr-…`.' },
      },
      required: ['id'],
      additionalProperties: false,
    },
    annotations: { destructiveHint: false, openWorldHint: false },
  },
  request_approval: {
    name: 'request_approval',
    title: 'Ask for approval',
    description:
      'Asks people whether a call may be made, before you make it. Nothing is done: once the request is approved, make ' +
      'exactly that call yourself. The approval is good for one call.',
    inputSchema: {
      type: 'object',
      properties: {
        tool: { type: 'string', description: 'The name of the tool, as the list shows it.' },
        arguments: { type: 'object', description: 'The arguments, exactly as you will send them.' },
        justification: {
          type: 'string',
          description: 'Why the call is needed: a sentence for the people who decide.',
        },
      },
      required: ['tool', 'arguments'],
      additionalProperties: false,
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
}
