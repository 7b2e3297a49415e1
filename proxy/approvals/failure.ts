/** Codes are the contract: tests, logs and refusals match on them, never on text. */
export type QuestionFailureCode =
  | 'controller_away'
  | 'question_refused'
  | 'question_too_large'
  | 'too_many_questions'
  | 'news_malformed'

/** A question that could not be asked, or news that could not be had. */
export class QuestionFailure extends Error {
  override readonly name = 'QuestionFailure'
  readonly code: QuestionFailureCode

  constructor(code: QuestionFailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
