import type { Kysely } from 'kysely'
import type { Directory } from '../../schemas/directory.ts'
import { attemptLimit } from '../api/attempt-limit.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { ForgeFailure } from '../forge/failure.ts'
import type { ForgeEvents } from '../forge/forge-event.ts'
import type { Database } from '../store/database.ts'
import { answerCall } from './answer-call.ts'
import { type Answering, answerQuestion } from './answer-question.ts'
import { ChatCommands, type CommentPlace } from './chat-commands.ts'
import { type CommandDesk, commandDesk, type DeskPace } from './command-desk.ts'
import { CommandHandlers, type Commands } from './commands.ts'
import { explainRecord } from './explain-record.ts'
import { forgePlaces, isSamePlace } from './forge-places.ts'
import type { OpenForge } from './forges.ts'
import { type HandleNeeds, handleComment } from './handle-comment.ts'

export interface ChatopsNeeds {
  readonly db: Kysely<Database>
  /** As people's surfaces get them. */
  readonly approvals: Pick<Approvals, 'get' | 'decide' | 'attempted'>
  readonly directories: { all(): readonly Directory[] }
  readonly forge: OpenForge
  readonly events: Pick<ForgeEvents, 'subscribe'>
  /** What `/replay` answers; nobody answers when omitted. */
  readonly replay?: Answering<'replay'>
  readonly now: () => number
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
  readonly pace?: DeskPace
}

/** Commands in comments. */
export interface Chatops {
  /** Where whoever decides about changes of policies says so: kind `change`. */
  readonly commands: Commands
  readonly desk: CommandDesk
}

/** Joins what hears commands in comments and what does them. */
export function openChatops(needs: ChatopsNeeds): Chatops {
  const { db, approvals, now, log, replay, pace } = needs
  const directories = () => needs.directories.all()
  const commands = new ChatCommands(db, now)
  const handlers = new CommandHandlers()
  const limit = attemptLimit(now)
  handlers.on('call', answerCall({ db, approvals }))
  handlers.on('explain', answerQuestion(explainRecord(db), limit))
  if (replay !== undefined) handlers.on('replay', answerQuestion(replay, limit))
  const handling = { commands, handlers, directories, replies: attemptLimit(now), log }
  const desk = commandDesk({
    ...needs,
    ...(pace !== undefined && { pace }),
    places: () => forgePlaces(directories()),
    abandoned: () => commands.abandoned(),
    handle: (place, signal) => handleAt(needs, handling, place, signal),
  })
  return { commands: handlers, desk }
}

/** Looks at a comment with the first credentials that open its repository. */
async function handleAt(
  { forge, directories, log }: ChatopsNeeds,
  handling: HandleNeeds,
  place: CommentPlace,
  signal: AbortSignal,
): Promise<void> {
  let failure: unknown = null
  for (const known of forgePlaces(directories.all()).filter(other => isSamePlace(other, place))) {
    try {
      const outcome = await handleComment(handling, forge(known), place, signal)
      const { repository, commentId: comment } = place
      if (outcome !== null) log.info({ repository, comment, outcome }, 'command in a comment')
      return
    } catch (error) {
      if (!isClosed(error)) throw error
      failure ??= error
    }
  }
  if (failure !== null) throw failure
}

/** Whether other credentials may open what these do not. */
function isClosed(error: unknown): boolean {
  if (!(error instanceof ForgeFailure)) return false
  return ['misconfigured', 'unauthorized', 'forbidden', 'not_found'].includes(error.code)
}
