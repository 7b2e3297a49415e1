import type { Questions } from '../mcp/needs.ts'
import { OpenRequests } from './open-requests.ts'
import { type OwnTools, ownTools } from './own-tools.ts'
import { Rounds } from './rounds.ts'
import { Tasks } from './tasks.ts'

/** What calls that people are asked about share. */
export interface ApprovalDesk {
  readonly questions: Questions
  readonly requests: OpenRequests
  readonly rounds: Rounds
  readonly tasks: Tasks
  readonly own: OwnTools
}

/** A desk where nothing has been asked yet. */
export function approvalDesk(questions: Questions, now: () => number): ApprovalDesk {
  return {
    questions,
    requests: new OpenRequests({ questions, now }),
    rounds: new Rounds(now),
    tasks: new Tasks(now),
    own: ownTools(),
  }
}
