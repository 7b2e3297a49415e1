import Type from 'typebox'
import { validator } from '../api/validator.ts'
import type { Delivery } from './deliveries.ts'

const Numbered = Type.Object({ number: Type.Integer({ minimum: 1 }) })
const Identified = Type.Object({ id: Type.Integer({ minimum: 1 }) })

/** The repository that a webhook is about; everything else is read once it is known who sent it. */
const About = Type.Object({
  repository: Type.Object({
    full_name: Type.String({ pattern: '^[^/\\s]+/[^/\\s]+$', maxLength: 256 }),
  }),
})

const PullRequest = Type.Object({ pull_request: Numbered })
const IssueComment = Type.Object({ action: Type.String(), issue: Numbered, comment: Identified })

const validAbout = validator(About)
const validPullRequest = validator(PullRequest)
const validComment = validator(IssueComment)

/** What a webhook of GitHub says: its body as JSON and the headers that name it. */
export interface SentDelivery {
  readonly id: string
  readonly event: string
  readonly payload: unknown
}

/** owner/name of the repository that a body is about, whoever wrote it; null when it names none. */
export function repositoryIn(payload: unknown): string | null {
  return read(validAbout, payload)?.repository.full_name ?? null
}

/** What a webhook tells; null for what nobody here cares about. */
export function deliveryOf({ id, event, payload }: SentDelivery): Delivery | null {
  const repository = repositoryIn(payload)
  if (repository === null) return null
  const told = { repository, deliveryId: id }
  if (event === 'ping' || event === 'push') return { kind: event, ...told }
  if (event === 'pull_request') {
    const number = read(validPullRequest, payload)?.pull_request.number
    return number === undefined ? null : { kind: 'change', ...told, number }
  }
  const comment = event === 'issue_comment' ? read(validComment, payload) : null
  // A comment that is gone cannot be looked at; one that was edited is, and is refused for that.
  if (comment === null || comment.action === 'deleted') return null
  return { kind: 'comment', ...told, number: comment.issue.number, commentId: comment.comment.id }
}

function read<T>(valid: (value: unknown) => T, value: unknown): T | null {
  try {
    return valid(value)
  } catch {
    return null
  }
}
