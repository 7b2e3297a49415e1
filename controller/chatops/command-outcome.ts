import type { RefusalCode } from '../approvals/approvals.ts'
import { refusalText } from '../approvals/refusal-text.ts'

/** What became of a comment. Codes are the contract: records, replies and tests match on them. */
export type CommandOutcome =
  /** It counts as the answer of a person. */
  | 'counted'
  /** A question in it was answered; nothing changed. */
  | 'answered'
  | CommentRefusal
  | HandlerRefusal
  | RefusalCode

/** Why a comment is not heard at all. */
export type CommentRefusal =
  /** It is not there any more. */
  | 'gone'
  /** It is in another repository now, or the repository has another name. */
  | 'other_repository'
  /** It is not a command, whole and on one line, and looks like one. */
  | 'malformed'
  /** The account under which Writ itself writes. */
  | 'own_account'
  | 'edited'
  | 'minimised'
  /** An app wrote it in the name of a person. */
  | 'via_app'
  /** A bot, an organization, an account that is gone. */
  | 'not_a_person'
  | 'thread_locked'
  | 'thread_closed'
  /** No User in force has the number of the account. */
  | 'unknown_person'
  /** More than one User of a namespace has it. */
  | 'ambiguous_person'

/** Why what a comment asks for was not done. */
type HandlerRefusal =
  /** Nobody here does such things. */
  | 'unavailable'
  /** The question was not asked in this thread. */
  | 'not_asked_here'
  /** The comment is older than the question. */
  | 'before_question'
  /** The comment with the question does not read as it was written. */
  | 'question_altered'
  | 'wrong_digest'
  /** The digest of what has been replaced since, by a new commit for example. */
  | 'outdated'
  /** The person had a hand in the change. */
  | 'own_change'
  /** The branch of the change is in another repository, where it cannot be seen who pushed it. */
  | 'foreign_head'
  /** It cannot be known who had a hand in the change. */
  | 'hands_unknown'
  /** Nobody has said who may approve such a change. */
  | 'no_workflow'
  /** There is no such record, or not for this person. */
  | 'unknown_record'
  /** The person asked for more than is answered in a minute. */
  | 'too_many'

/** Says to a person what became of a comment that changed nothing. */
export function outcomeText(outcome: Exclude<CommandOutcome, 'counted' | 'answered'>): string {
  const own: string | undefined = texts[outcome as CommentRefusal | HandlerRefusal]
  return own ?? refusalText(outcome as RefusalCode, null)
}

const texts: Readonly<Record<CommentRefusal | HandlerRefusal, string>> = {
  gone: 'The comment is not there any more.',
  other_repository: 'The comment is in another repository.',
  malformed:
    'A command is the whole comment, on one line, exactly as it is shown above. Write it anew: comments that were edited do not count.',
  own_account: 'This is the account under which Writ itself writes; it never decides.',
  edited: 'Comments that were edited do not count. Write a new one.',
  minimised: 'Comments that were hidden do not count.',
  via_app: 'This comment was written by an app. A person has to write it.',
  not_a_person: 'Only people are answered here.',
  thread_locked: 'This thread is locked.',
  thread_closed: 'This thread is closed.',
  unknown_person: 'The policies in force know nobody by this account.',
  ambiguous_person: 'The policies in force know more than one person by this account.',
  unavailable: 'This cannot be answered here.',
  not_asked_here: 'This question was not asked in this thread.',
  before_question: 'This comment is older than the question.',
  question_altered:
    'The comment with the question does not read as Writ wrote it, so answers to it do not count. Decide elsewhere, and find out who edited it.',
  wrong_digest: 'This is not the digest of what is asked.',
  outdated: 'This digest is no longer that of the change: look at what is asked now.',
  own_change: 'You had a hand in this change: somebody else must decide.',
  foreign_head:
    'The branch of this change is in another repository, where it cannot be seen who pushed it. Push it into this repository and open a change from there.',
  hands_unknown:
    'It cannot be known who had a hand in this change, so nobody can approve it. The comment with the digest says why.',
  no_workflow: 'Nobody has said who may approve such a change.',
  unknown_record: 'There is no such record.',
  too_many: 'These are too many questions; ask again in a minute.',
}
