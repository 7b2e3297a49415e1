import { digestInCommand } from '../../chatops/command.ts'
import type { VoidReason } from '../begin-review.ts'
import type { StoredReview } from '../review-move.ts'

/** Says that answers count no more, and why. */
export function voidReply({ digest, reason }: Pick<StoredReview, 'digest' | 'reason'>): string {
  const why = texts[reason as VoidReason] ?? 'Something changed.'
  return `${why} Answers to \`${digestInCommand(digest)}\` are void; what is asked now is in the comment of the policy review.`
}

const texts: Readonly<Record<VoidReason, string>> = {
  new_commit: 'The change has another commit.',
  in_force_moved: 'What is in force is not what this was compared with.',
  base_moved: 'The branch that this goes into has other policies.',
  problems: 'The policies of the change have problems now.',
  closed: 'The change was closed.',
}
