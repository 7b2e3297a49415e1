import type { Shadowed } from '../../policy/decide/cautious.ts'
import type { Facts } from '../../policy/decide/facts.ts'
import { justificationFor } from '../../policy/decide/justification.ts'
import { type Reader, Unknown, unread } from '../../policy/decide/unknown.ts'
import type { Record as Entry } from '../../schemas/record.ts'
import type { UnjudgedReason } from '../../schemas/replay.ts'
import { type Given, givenTo, type Shown } from './given.ts'
import type { Recorded } from './recorded.ts'
import type { SessionState } from './session-states.ts'
import { isMarked } from './shown-args.ts'
import { isOfferedAtAll, offered, type Side } from './side.ts'

/** A call as it can be judged from what was recorded; what was not is hidden. An Unknown when even what was called is not known. */
export function recordedFacts(
  side: Side,
  recorded: Recorded,
  session: SessionState,
  { asShown, reader }: Shown,
): Shadowed | Unknown {
  const { entry } = recorded
  const gone = whyGone(side, entry)
  if (gone !== null) return new Unknown(gone)
  const asked = () =>
    justificationFor(side.table, factsOf(side, recorded, session, asShown, reader)) !== 'off'
  const given = givenTo(asked, asShown)
  const facts = factsOf(side, recorded, session, given, reader)
  return { facts, reader, reasoned: given.reason === null || given.reason.trim() !== '' }
}

/** Why nobody can say what would have been called; null when it is known. */
function whyGone(
  side: Side,
  { kind, server, tool, model, uri, prompt, provider }: Entry,
): UnjudgedReason | null {
  if (isMarked(tool ?? model ?? uri ?? prompt ?? '')) return 'redacted'
  if (kind !== 'model') {
    return server === undefined || side.servers.has(server) ? null : 'not_offered'
  }
  const name = model ?? ''
  const known =
    provider === undefined ? !isOfferedAtAll(side, name) : offered(side, provider, name) !== null
  return known ? null : 'not_offered'
}

function factsOf(
  side: Side,
  recorded: Recorded,
  session: SessionState,
  { args, reason }: Given,
  reader: Reader,
): Facts {
  const { entry } = recorded
  const { kind, server = '', tool = '', model = '', provider = '', uri = '', prompt = '' } = entry
  const named = (of: typeof kind, name: string) =>
    kind === of ? { name, server } : { name: '', server: '' }
  return {
    kind,
    get args() {
      return (args ?? unread(reader, 'redacted')) as Facts['args']
    },
    tool: toolFacts(kind, named('tool', tool), reader),
    model: { name: model, requested: entry.requestedModel ?? model, provider },
    resource: kind === 'resource' ? { uri, server } : { uri: '', server: '' },
    prompt: named('prompt', prompt),
    request: requestFacts(recorded, reason, reader),
    subject: subjectFacts(side, entry, reader),
    session: sessionFacts(entry.session ?? '', session, reader),
  }
}

/** Records do not say what a server declared of its tools. */
function toolFacts(
  kind: Entry['kind'],
  named: { readonly name: string; readonly server: string },
  reader: Reader,
): Facts['tool'] {
  if (kind !== 'tool') return { ...named, readOnly: false, destructive: false }
  return {
    name: named.name,
    server: named.server,
    get readOnly() {
      return unread(reader, 'not_recorded')
    },
    get destructive() {
      return unread(reader, 'not_recorded')
    },
  }
}

function requestFacts(
  { entry, time }: Recorded,
  reason: string | null,
  reader: Reader,
): Facts['request'] {
  const { kind, stream = false } = entry
  const known = {
    get time() {
      return time ?? unread(reader, 'not_recorded')
    },
    get justification() {
      return reason ?? unread(reader, 'redacted')
    },
    stream,
  }
  return kind === 'model' ? modelRequest(known, reader) : toolRequest(known, reader)
}

type KnownRequest = Pick<Facts['request'], 'time' | 'justification' | 'stream'>

function toolRequest(known: KnownRequest, reader: Reader): Facts['request'] {
  return {
    get time() {
      return known.time
    },
    get justification() {
      return known.justification
    },
    get protocol() {
      return unread(reader, 'not_recorded')
    },
    stream: false,
    maxTokens: 0,
    inputTokens: 0,
    tools: [],
  }
}

function modelRequest(known: KnownRequest, reader: Reader): Facts['request'] {
  return {
    get time() {
      return known.time
    },
    justification: '',
    protocol: '',
    stream: known.stream,
    get maxTokens() {
      return unread(reader, 'not_recorded')
    },
    get inputTokens() {
      return unread(reader, 'not_recorded')
    },
    get tools() {
      return unread(reader, 'not_recorded')
    },
  }
}

/** Who called, by the side's own word on the agent: that is what would count. */
function subjectFacts(side: Side, entry: Entry, reader: Reader): Facts['subject'] {
  const { agent: name = '', apiKey = '', namespace } = entry
  const agent = side.agents.get(name)
  if (agent !== undefined) {
    const { kind, user, groups, labels } = agent
    return { agent: name, kind, apiKey, user, groups, labels, namespace }
  }
  const gone = () => unread(reader, 'agent_unknown')
  return {
    agent: name,
    apiKey,
    namespace,
    get kind() {
      return gone()
    },
    get user() {
      return gone()
    },
    get groups() {
      return gone()
    },
    get labels() {
      return gone()
    },
  }
}

function sessionFacts(id: string, state: SessionState, reader: Reader): Facts['session'] {
  const { known, toolCalls, modelCalls, spentMicroUsd, toolsUsed } = state
  const unless = <T>(value: T): T => (known ? value : unread(reader, 'session_unknown'))
  return {
    id,
    get startedAt() {
      return unread(reader, 'not_recorded')
    },
    get toolCalls() {
      return unless(toolCalls)
    },
    get modelCalls() {
      return unless(modelCalls)
    },
    get spentUsd() {
      return unless(spentMicroUsd / 1_000_000)
    },
    get toolsUsed() {
      return unless(toolsUsed)
    },
  }
}
