/** Why an answer to a change was not counted. Codes are the contract: records, replies and tests match on them. */
export type ReviewRefusal =
  /** No review of the change is going on. */
  | 'not_asked_here'
  | 'wrong_digest'
  /** The digest of a review that ended, or of what no longer is in force. */
  | 'outdated'
  | 'before_question'
  /** The comment that shows the digest does not read as it was written. */
  | 'question_altered'
  | 'already_resolved'
  /** The head of the change is in another repository. */
  | 'foreign_head'
  /** It is not known who had a hand in the change. */
  | 'hands_unknown'
  | 'own_change'
  | 'no_workflow'
  | 'not_an_approver'
  | 'already_voted'
