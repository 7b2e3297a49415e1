import { redactText } from '../../records/redact/redact.ts'
import type { Decision } from '../../schemas/decision.ts'
import type { HaltNotice } from '../../schemas/halt.ts'

/** The decision on a call that a halt covers; no table is asked. */
export function haltedDecision(halt: HaltNotice): Decision {
  const message = haltText(halt)
  return { action: 'deny', reason: 'halted', message, halt: halt.id, observed: [], table: '' }
}

/** Who halted what, since when and why: a sentence. */
export function haltText({ id, what, namespace, agent, by, since, reason }: HaltNotice): string {
  const whose = agent === undefined ? '' : ` of the agent ${agent}`
  const where = namespace === undefined ? '' : ` in ${namespace}`
  const why = redactText(reason)
  const when = since === '' ? '' : ` since ${since}`
  return `${stopped[what]}${whose}${where} halted by ${by}${when} (${id}): ${endOf(why)}`
}

const stopped = {
  all: 'everything is',
  tools: 'all tools are',
  models: 'all models are',
} as const

function endOf(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
