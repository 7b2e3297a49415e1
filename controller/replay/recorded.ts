import { type Action, actions } from '../../schemas/action.ts'
import { type CallKind, callKinds } from '../../schemas/call-kind.ts'
import type { Record as Entry } from '../../schemas/record.ts'

/** An entry of a record, or a call that somebody wrote down without a decision. */
export interface Recorded {
  readonly phase: Entry['phase']
  /** What it says; `proxy` is empty, `seq` 0 and `call` empty for a call that was only written down. */
  readonly entry: Entry
  /** Milliseconds since 1970; null where nobody wrote it down. */
  readonly time: number | null
  /** Whether it was only written down: nobody knows what was decided, and that it was made. */
  readonly written: boolean
}

/** What a call that was only written down does not say. */
export interface Defaults {
  readonly namespace: string
  readonly agent?: string
  readonly server?: string
}

type Fields = Readonly<Record<string, unknown>>

/** A line of an export, of a journal, or of a file of calls (`session`, `tool`, `args`); null when it is none. */
export function recordedOf(line: string, defaults: Defaults): Recorded | null {
  try {
    const value: unknown = JSON.parse(line)
    if (!isObject(value)) return null
    return 'proxy' in value ? entryOf(value) : writtenOf(value, defaults)
  } catch {
    return null
  }
}

const texts = [
  'agent',
  'apiKey',
  'user',
  'session',
  'server',
  'tool',
  'model',
  'uri',
  'prompt',
  'argsDigest',
  'justification',
  'approval',
  'provider',
  'requestedModel',
  'endpoint',
  'status',
  'costSource',
  'resultDigest',
] as const

function entryOf(value: Fields): Recorded | null {
  const { proxy, seq, time, phase, call, namespace, kind, action, reason } = value
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN
  const sound =
    (phase === 'attempt' || phase === 'outcome') &&
    [proxy, call, namespace, reason].every(text => typeof text === 'string') &&
    Number.isSafeInteger(seq) &&
    !Number.isNaN(at) &&
    callKinds.includes(kind as CallKind) &&
    actions.includes(action as Action) &&
    optionalTexts(value)
  if (!sound) return null
  return { phase, entry: value as unknown as Entry, time: at, written: false }
}

function writtenOf(value: Fields, defaults: Defaults): Recorded | null {
  const { time, namespace = defaults.namespace, tool, args = {} } = value
  const { agent = defaults.agent, server = defaults.server } = value
  const at = typeof time === 'string' ? Date.parse(time) : null
  const sound =
    typeof tool === 'string' &&
    typeof namespace === 'string' &&
    isObject(args) &&
    (time === undefined || (at !== null && !Number.isNaN(at))) &&
    optionalTexts({ ...value, agent, server })
  if (!sound) return null
  const seq = Number.isSafeInteger(value.seq) ? Number(value.seq) : 0
  const call = { ...value, agent, server, namespace, args, seq, kind: 'tool', phase: 'attempt' }
  const unsaid = { proxy: '', call: '', action: 'allow', reason: 'no_table', time: time ?? '' }
  const entry = { ...call, ...unsaid } as unknown as Entry
  return { phase: 'attempt', entry, time: at, written: true }
}

function optionalTexts(value: Fields): boolean {
  return texts.every(name => value[name] === undefined || typeof value[name] === 'string')
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
