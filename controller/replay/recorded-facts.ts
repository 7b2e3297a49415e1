import type { Shadowed } from '../../policy/decide/cautious.ts'
import type { Facts } from '../../policy/decide/facts.ts'
import { justificationFor } from '../../policy/decide/justification.ts'
import { type Reader, Unknown, unread } from '../../policy/decide/unknown.ts'
import type { Record as Entry } from '../../schemas/record.ts'
import type { RecordFacts } from '../../schemas/record-facts.ts'
import type { UnjudgedReason } from '../../schemas/replay.ts'
import type { TableAgent } from '../../schemas/rule-table.ts'
import { type Given, givenTo, type Shown } from './given.ts'
import { notedFacts } from './noted-facts.ts'
import type { Recorded } from './recorded.ts'
import { recordedRequest } from './recorded-request.ts'
import { recordedSession } from './recorded-session.ts'
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
  const found = { recorded, session, reader, noted: notedFacts(entry), agents: side.agents }
  const asked = () => justificationFor(side.table, factsOf(found, asShown)) !== 'off'
  const given = givenTo(asked, asShown)
  return shadowed(found, given)
}

/** The same for the table that decided: who called is what `agents` say, and nothing is otherwise than it was. */
export function factsThen(
  agents: Side['agents'],
  recorded: Recorded,
  session: SessionState,
  { asShown, reader }: Shown,
): Shadowed | Unknown {
  const { entry } = recorded
  if (isMarked(nameOf(entry))) return new Unknown('redacted')
  return shadowed({ recorded, session, reader, noted: notedFacts(entry), agents }, asShown)
}

function shadowed(found: Found, given: Given): Shadowed {
  const facts = factsOf(found, given)
  const { reader } = found
  return { facts, reader, reasoned: given.reason === null || given.reason.trim() !== '' }
}

/** Why nobody can say what would have been called; null when it is known. */
function whyGone(side: Side, entry: Entry): UnjudgedReason | null {
  const { kind, server, model = '', provider } = entry
  if (isMarked(nameOf(entry))) return 'redacted'
  if (kind !== 'model') {
    return server === undefined || side.servers.has(server) ? null : 'not_offered'
  }
  const known =
    provider === undefined ? !isOfferedAtAll(side, model) : offered(side, provider, model) !== null
  return known ? null : 'not_offered'
}

function nameOf({ tool, model, uri, prompt }: Entry): string {
  return tool ?? model ?? uri ?? prompt ?? ''
}

/** What is known of a call. */
interface Found {
  readonly recorded: Recorded
  readonly session: SessionState
  readonly reader: Reader
  readonly noted: RecordFacts | null
  readonly agents: Side['agents']
}

function factsOf(found: Found, { args, reason }: Given): Facts {
  const { recorded, session, reader, noted, agents } = found
  const { entry } = recorded
  const { kind, server = '', tool = '', model = '', provider = '', uri = '', prompt = '' } = entry
  const named = (of: typeof kind, name: string) =>
    kind === of ? { name, server } : { name: '', server: '' }
  return {
    kind,
    get args() {
      return (args ?? unread(reader, 'redacted')) as Facts['args']
    },
    tool: toolFacts(kind, named('tool', tool), noted, reader),
    model: modelFacts(entry, { name: model, provider }, reader),
    resource: kind === 'resource' ? { uri, server } : { uri: '', server: '' },
    prompt: named('prompt', prompt),
    request: recordedRequest(recorded, noted, reason, reader),
    subject: subjectFacts(agents, entry, reader),
    session: recordedSession(entry.session ?? '', session, noted, reader),
  }
}

/** Older records do not say what a server declared of its tools. */
function toolFacts(
  kind: Entry['kind'],
  named: { readonly name: string; readonly server: string },
  noted: RecordFacts | null,
  reader: Reader,
): Facts['tool'] {
  if (kind !== 'tool') return { ...named, readOnly: false, destructive: false }
  if (noted !== null) {
    const { readOnly = false, destructive = false } = noted
    return { ...named, readOnly, destructive }
  }
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

function modelFacts(
  { requestedModel }: Entry,
  { name, provider }: { readonly name: string; readonly provider: string },
  reader: Reader,
): Facts['model'] {
  const requested = requestedModel ?? name
  if (!isMarked(requested)) return { name, requested, provider }
  return {
    name,
    provider,
    get requested() {
      return unread(reader, 'redacted')
    },
  }
}

/** Who called, by the word of a table on the agent. */
function subjectFacts(
  agents: ReadonlyMap<string, TableAgent>,
  entry: Entry,
  reader: Reader,
): Facts['subject'] {
  const { agent: name = '', apiKey = '', namespace } = entry
  const agent = agents.get(name)
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
