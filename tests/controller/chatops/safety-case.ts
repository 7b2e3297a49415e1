import type { CommandOutcome } from '../../../controller/chatops/command-outcome.ts'
import type { ApprovalRequest } from '../../../schemas/approval.ts'
import type { Comment } from '../github/github-state.ts'
import { line, type ThreadWorld, type ThreadWorldOptions } from './thread-world.ts'

/** What a case has to play with: a question in a thread, asked of ana and ben, about a call of dan's agent. */
export interface Stage {
  readonly world: ThreadWorld
  readonly request: ApprovalRequest
  /** Somebody writes in the thread; ana when nobody is named. */
  write(body: string, by?: keyof ThreadWorld['people']): Comment
  /** The line that approves it. */
  readonly approve: string
}

/** One way to try it, and what comes of it. */
export interface SafetyCase {
  /** A sentence. */
  readonly name: string
  /** Does it, and says which comment is to be looked at. */
  play(stage: Stage): Promise<Pick<Comment, 'id'>> | Pick<Comment, 'id'>
  /** What becomes of the comment; null when it is talk, of which there is no record. */
  readonly outcome: CommandOutcome | null
  /** Whether one reply says why; nobody is answered when left out. */
  readonly told?: true
  /** How the question stands then; pending without a vote when left out. */
  readonly state?: 'approved' | 'denied' | 'void' | 'expired' | 'cancelled' | 'voted'
  /** Who is asked; `one` of ana and ben when left out. */
  readonly workflow?: 'one' | 'two' | 'reasoned'
  readonly options?: ThreadWorldOptions
  /** What is known of the same in the other two. */
  readonly prow?: string
  readonly atlantis?: string
}

/** Cases about one thing. */
export interface SafetyGroup {
  readonly title: string
  /** The rule in a sentence or two. */
  readonly rule: string
  readonly cases: readonly SafetyCase[]
  /** Whether all play on one stage, since none moves anything. */
  readonly together?: true
}

/** Makes the stage in a world. */
export async function stageIn(world: ThreadWorld, workflow = 'one'): Promise<Stage> {
  const request = await world.askHere(workflow)
  return {
    ...{ world, request, approve: line(request) },
    write: (body, by = 'ana') => world.hub.write(world.thread, world.people[by], body),
  }
}
