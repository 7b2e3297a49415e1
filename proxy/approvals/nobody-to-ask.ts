import type { Questions } from '../mcp/needs.ts'
import { QuestionFailure } from './failure.ts'

/** For a proxy without a controller: there is nobody who could be asked. */
export const nobodyToAsk: Questions = {
  live: true,
  ask: () => Promise.reject(without()),
  look: () => Promise.reject(without()),
  claim: () => Promise.reject(without()),
  ended: () => undefined,
  watch: () => () => undefined,
}

function without(): QuestionFailure {
  return new QuestionFailure('controller_away', 'this proxy has no controller')
}
