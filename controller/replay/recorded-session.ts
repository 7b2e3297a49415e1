import type { Facts } from '../../policy/decide/facts.ts'
import { type Reader, unread } from '../../policy/decide/unknown.ts'
import type { RecordFacts } from '../../schemas/record-facts.ts'
import type { SessionState } from './session-states.ts'

type Session = Facts['session']

/** What the session had done: as the entry says, else as it was rebuilt from entries before. */
export function recordedSession(
  id: string,
  state: SessionState,
  noted: RecordFacts | null,
  reader: Reader,
): Session {
  return noted === null ? rebuilt(id, state, reader) : asNoted(id, state, noted, reader)
}

function asNoted(id: string, state: SessionState, noted: RecordFacts, reader: Reader): Session {
  const { startedAt, toolCalls = 0, modelCalls = 0, spentMicroUsd = 0, toolsUsed = 0 } = noted
  return {
    ...{ id, startedAt, toolCalls, modelCalls, spentUsd: spentMicroUsd / 1_000_000 },
    get toolsUsed() {
      if (toolsUsed === 0) return none
      const told = state.told?.startedAt === startedAt ? state.told.first(toolsUsed) : null
      return told ?? unread(reader, 'session_unknown')
    },
  }
}

const none: readonly string[] = []

function rebuilt(id: string, state: SessionState, reader: Reader): Session {
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
