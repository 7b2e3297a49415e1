import { AccountFailure, type AccountFailureCode } from '../../accounts/failure.ts'
import { RequestFailure } from '../problem-answer.ts'

const statuses: { readonly [Code in AccountFailureCode]: number } = {
  username_taken: 409,
  username_unusable: 422,
  password_unusable: 422,
  unknown_account: 404,
  last_owner: 409,
  link_unusable: 410,
  busy: 429,
}

/** Throws what the caller is told of an AccountFailure, and anything else as it is. */
export function tellAccountFailure(error: unknown): never {
  if (!(error instanceof AccountFailure)) throw error
  const { code, message } = error
  const sentence = `${message.charAt(0).toUpperCase()}${message.slice(1)}.`
  throw new RequestFailure(statuses[code], sentence, code, code === 'busy' ? 2 : undefined)
}
