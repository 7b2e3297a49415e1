import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readSources } from '../../cli/source-files.ts'
import { compile } from '../../policy/compile/compile.ts'
import { decide } from '../../policy/decide/decide.ts'
import { explain } from '../../policy/decide/explain.ts'
import { factsOf } from '../../policy/decide/facts.ts'
import { load } from '../../policy/decide/load.ts'
import type { Call } from '../../schemas/call.ts'
import type { Decision } from '../../schemas/decision.ts'

const folder = join(import.meta.dirname, '../../examples/airline')

interface Recorded {
  readonly session: string
  readonly seq: number
  readonly tool: string
  readonly args: NonNullable<Call['args']>
}

const recorded: readonly Recorded[] = readFileSync(join(folder, 'calls/calls.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line))

/** The recorded calls with what the session had done before each; no reason was ever recorded. */
function replay(calls: readonly Recorded[]): Call[] {
  const used = new Map<string, string[]>()
  return calls.map(({ session, tool, args }) => {
    const toolsUsed = used.get(session) ?? []
    used.set(session, [...toolsUsed, tool])
    return {
      server: 'reservations',
      tool,
      args,
      subject: { agent: 'customer-service', namespace: 'default' },
      session: { id: session, toolCalls: toolsUsed.length, toolsUsed: [...new Set(toolsUsed)] },
    }
  })
}

function counts(words: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const word of words.toSorted()) found[word] = (found[word] ?? 0) + 1
  return found
}

const sources = await readSources([folder], { input: process.stdin })
const { tables } = compile(sources)
const table = load(tables?.get('default')?.json ?? '')
const calls = replay(recorded)
const decisions: readonly Decision[] = calls.map(call => decide(table, factsOf(call)))

t.test('every recorded call is judged', async t => {
  t.equal(decisions.length, 1164)
  t.strictSame(counts(decisions.map(({ action }) => action)), {
    allow: 1055,
    deny: 78,
    require_approval: 31,
  })
})

t.test('the calls that did not pass, by what stopped them', async t => {
  const stopped = decisions.filter(({ action }) => action !== 'allow')
  t.strictSame(
    counts(stopped.map(({ action, reason, rule = '' }) => `${action} ${reason} ${rule}`.trim())),
    {
      'deny justification_required': 67,
      'deny rule large-certificates': 1,
      'deny rule names-are-for-people': 2,
      'deny rule one-certificate-a-booking': 6,
      'deny rule read-before-cancelling': 2,
      'require_approval rule certificates-over-fifty': 2,
      'require_approval rule large-payments': 1,
      'require_approval rule upgrades-to-business': 28,
    },
  )
})

t.test('no recorded call fails for a condition that cannot be evaluated', async t => {
  t.strictSame(
    decisions.filter(({ reason }) => reason === 'condition_error'),
    [],
  )
})

t.test('what the policy in observe mode would have stopped', async t => {
  const observed = decisions.flatMap(({ observed }) => observed)
  t.strictSame(counts(observed.map(({ policy, action }) => `${policy} ${action}`)), {
    'short-sessions allow': 1123,
    'short-sessions deny': 41,
  })
})

t.test('a recorded reason lets cancellations pass', async t => {
  const cancellations = calls.filter(({ tool }) => tool === 'cancel_reservation')
  const request = { justification: 'The customer asked for it.' }
  const withReason = cancellations.map(call => decide(table, factsOf({ ...call, request })))
  t.strictSame(counts(withReason.map(({ action, rule = '' }) => `${action} ${rule}`)), {
    'allow cancellations': 67,
    'deny read-before-cancelling': 2,
  })
})

t.test('the explanation of every call gives its decision', async t => {
  const explained = calls.map(call => explain(table, factsOf(call)).decision)
  t.strictSame(explained, decisions)
})
