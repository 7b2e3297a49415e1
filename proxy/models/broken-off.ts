import { ProxyFailure } from '../failure.ts'
import { haltText } from '../halts/halted-decision.ts'
import type { Cancellation } from '../mcp/cancellation.ts'

/** Why a request is broken off: by a halt, or because its client went away. */
export function brokenOff({ halt }: Cancellation): ProxyFailure {
  const why = halt === null ? 'the client went away' : haltText(halt)
  return new ProxyFailure('cancelled', why)
}
