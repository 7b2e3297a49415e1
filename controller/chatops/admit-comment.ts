import type { Directory } from '../../schemas/directory.ts'
import { ForgeFailure } from '../forge/failure.ts'
import type { Forge, ForgeComment, Thread } from '../forge/forge.ts'
import { type Command, parseCommand } from './command.ts'
import type { CommentRefusal } from './command-outcome.ts'
import { type KnownPeople, knownPeople } from './known-people.ts'
import { resemblance } from './resemblance.ts'

/** What a comment is worth, before anybody asks whether the person may do what it says. */
export type Admission =
  /** Talk, or what Writ wrote itself. */
  | { readonly kind: 'talk' }
  | {
      readonly kind: 'refused'
      readonly outcome: CommentRefusal
      readonly command: Command | null
      /** Null when it is gone. */
      readonly comment: ForgeComment | null
      /** Whether somebody is told why: a person who seems to have meant a command. */
      readonly tell: boolean
    }
  | {
      readonly kind: 'admitted'
      readonly command: Command
      readonly comment: ForgeComment
      readonly thread: Thread
      readonly people: KnownPeople
      /** Head of the pull request; null in an issue. */
      readonly headSha: string | null
    }

export interface AdmitNeeds {
  readonly forge: Forge
  /** Address of its API. */
  readonly origin: string
  /** What is in force in every namespace. */
  readonly directories: () => readonly Directory[]
}

/**
 * Looks at a comment as it is now, whatever told of it said, and at who wrote it, where. Rejects with a
 * ForgeFailure when that cannot be found out.
 */
export async function admitComment(
  needs: AdmitNeeds,
  commentId: number,
  signal: AbortSignal,
): Promise<Admission> {
  const { forge } = needs
  const comment = await found(forge, commentId, signal)
  if (comment === 'gone' || comment === 'other_repository') {
    return { kind: 'refused', outcome: comment, command: null, comment: null, tell: false }
  }
  const command = parseCommand(comment.body)
  const like = command === null ? resemblance(comment.body) : 'meant'
  if (like === 'none') return { kind: 'talk' }
  const isOwn = comment.author.id === (await forge.self(signal)).id
  if (isOwn && command === null) return { kind: 'talk' }
  const { id } = await forge.repository(signal)
  const isHere = comment.repositoryId === id
  const thread = isHere ? await forge.thread(comment.thread, signal) : null
  const fault = isOwn ? 'own_account' : faultOf(comment, thread, command)
  if (fault === null && thread !== null && command !== null) {
    return admitted(needs, { comment, thread, command }, signal)
  }
  const tell = like === 'meant' && !isOwn && mayBeTold(comment, thread)
  return { kind: 'refused', outcome: fault ?? 'malformed', command, comment, tell }
}

/** What is in order is worth something if it is known who wrote it. */
async function admitted(
  { forge, origin, directories }: AdmitNeeds,
  said: Pick<Extract<Admission, { kind: 'admitted' }>, 'comment' | 'thread' | 'command'>,
  signal: AbortSignal,
): Promise<Admission> {
  const people = knownPeople(directories(), { id: said.comment.author.id, origin })
  if (typeof people === 'string') return { ...said, kind: 'refused', outcome: people, tell: true }
  const { kind, number } = said.thread
  const headSha = kind === 'pull' ? (await forge.change(number, signal)).headSha : null
  return { ...said, kind: 'admitted', people, headSha }
}

async function found(
  forge: Forge,
  id: number,
  signal: AbortSignal,
): Promise<ForgeComment | 'gone' | 'other_repository'> {
  try {
    return (await forge.comment(id, signal)) ?? 'gone'
  } catch (error) {
    if (error instanceof ForgeFailure && error.code === 'moved') return 'other_repository'
    throw error
  }
}

/** Bots are not answered, or they would answer in turn. */
function mayBeTold(comment: ForgeComment, thread: Thread | null): boolean {
  return thread !== null && !thread.locked && isPerson(comment)
}

function isPerson({ author, viaApp }: ForgeComment): boolean {
  return author.type === 'user' && author.id > 0 && viaApp === null
}

function faultOf(
  comment: ForgeComment,
  thread: Thread | null,
  command: Command | null,
): CommentRefusal | null {
  if (thread === null) return 'other_repository'
  if (command === null) return 'malformed'
  if (comment.viaApp !== null) return 'via_app'
  if (!isPerson(comment)) return 'not_a_person'
  if (comment.updatedAt !== comment.createdAt) return 'edited'
  // Not known is not enough.
  if (comment.minimised !== false) return 'minimised'
  if (thread.locked) return 'thread_locked'
  return thread.state === 'open' ? null : 'thread_closed'
}
