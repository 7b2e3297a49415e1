import type { Answer, Exchange } from '../mcp/exchange.ts'
import type { Judged } from '../mcp/judge.ts'
import type { OpenRequest } from './open-request.ts'
import type { Prepare } from './ready-call.ts'

export class Tasks {
  parked(
    _exchange: Exchange,
    _request: OpenRequest,
    _prepare: Prepare,
    _judged: Judged,
  ): Answer | null {
    return null
  }
}
