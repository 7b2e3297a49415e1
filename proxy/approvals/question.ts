import { hash } from 'node:crypto'
import { redact, redactText } from '../../records/redact/redact.ts'
import type { Decision } from '../../schemas/decision.ts'
import { canonicalJson } from '../mcp/canonical-json.ts'
import type { Caller, NewQuestion } from '../mcp/needs.ts'
import { argumentFacts } from './argument-facts.ts'
import { askedArgs, ownerOf, schemaDigestOf } from './call-digest.ts'
import type { Askable } from './ready-call.ts'

const longest = { session: 256, message: 4096, justification: 4096 }

/** The workflows that a decision asks; an empty name stands for the owners of the namespace. */
export function workflowsOf(decision: Decision): readonly string[] {
  if (decision.action !== 'require_approval') return []
  return decision.workflows.length === 0 ? [''] : decision.workflows
}

/** What people are asked about a call: its arguments only as the records show them. */
export function questionOf(caller: Caller, ready: Askable, digest: string): NewQuestion {
  const { subject, decision, call, entry } = ready.errand.judged
  const { kind, server, name, justification } = subject
  const args = askedArgs(ready)
  const redacted = redact(args)
  const schemaDigest = schemaDigestOf(ready)
  const reason = redactText(justification).slice(0, longest.justification)
  return {
    call,
    digest,
    ...ownerOf(caller),
    apiKey: caller.apiKey,
    ...(caller.agent.user === '' ? {} : { user: caller.agent.user }),
    ...(entry.session === undefined ? {} : { session: entry.session.slice(0, longest.session) }),
    kind,
    ...(server === '' ? {} : { server }),
    name: redactText(name),
    ...(schemaDigest === undefined ? {} : { schemaDigest }),
    args: redacted,
    argsDigest: `sha256:${hash('sha256', canonicalJson(args))}`,
    ...argumentFacts(caller.namespace, name, args, redacted),
    ...(reason === '' ? {} : { justification: reason }),
    reason: decision.reason,
    rule: ruleOf(decision),
    workflows: [...workflowsOf(decision)],
    table: decision.table,
  }
}

function ruleOf({ policy, rule, message, at, commit }: Decision): NewQuestion['rule'] {
  return {
    ...(policy === undefined ? {} : { policy }),
    ...(rule === undefined ? {} : { rule }),
    ...(message === undefined ? {} : { message: message.slice(0, longest.message) }),
    ...(at === undefined ? {} : { file: at.file, line: at.line }),
    ...(commit === undefined ? {} : { commit }),
  }
}
