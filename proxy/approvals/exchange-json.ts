import type { ControllerLink } from '../follow/controller-link.ts'
import { LinkFailure } from '../follow/link-failure.ts'
import { QuestionFailure } from './failure.ts'

const patienceMs = 10_000
const mostBytes = 4 * 1024 * 1024

/**
 * Posts JSON to the controller and reads the JSON it answers; null for 404 and for an answer without a body. Rejects
 * with a QuestionFailure, after ten seconds at the latest.
 */
export async function exchangeJson(
  controller: ControllerLink,
  path: string,
  body: unknown,
  stopping: AbortSignal,
): Promise<unknown> {
  try {
    const answer = await controller.send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.any([stopping, AbortSignal.timeout(patienceMs)]),
    })
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of answer.body) {
      size += chunk.length
      if (size > mostBytes) throw new RangeError('answer too long')
      chunks.push(chunk)
    }
    return size === 0 ? null : JSON.parse(Buffer.concat(chunks).toString())
  } catch (cause) {
    if (cause instanceof LinkFailure && cause.status === 404) return null
    throw failureFor(cause)
  }
}

function failureFor(cause: unknown): QuestionFailure {
  const status = cause instanceof LinkFailure ? cause.status : 0
  const options = { cause }
  switch (status) {
    case 413:
      return new QuestionFailure(
        'question_too_large',
        'its arguments are more than people can be asked to read',
        options,
      )
    case 429:
      return new QuestionFailure(
        'too_many_questions',
        'too many questions of this agent are open already',
        options,
      )
    case 400:
    case 422:
      return new QuestionFailure('question_refused', 'the controller turns it down', options)
    default:
      return new QuestionFailure('controller_away', 'the controller cannot be reached', options)
  }
}
