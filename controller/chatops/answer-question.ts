import type { AttemptLimit } from '../api/attempt-limit.ts'
import type { AskedCommand, CommandHandler } from './commands.ts'

/**
 * Answers a question in Markdown that changes nothing and holds nothing that was redacted; null when there
 * is no such thing in a namespace that knows the person.
 */
export type Answering<Kind extends 'explain' | 'replay'> = (
  asked: AskedCommand<Kind>,
  signal: AbortSignal,
) => Promise<string | null>

/** A handler that answers, as often as the limit lets each account ask. */
export function answerQuestion<Kind extends 'explain' | 'replay'>(
  answer: Answering<Kind>,
  limit: AttemptLimit,
): CommandHandler<Kind> {
  return async (asked, signal) => {
    if (limit.take(String(asked.comment.author.id)) > 0) {
      return { outcome: 'too_many', reply: null }
    }
    const text = await answer(asked, signal)
    return text === null
      ? { outcome: 'unknown_record', reply: null }
      : { outcome: 'answered', reply: text }
  }
}
