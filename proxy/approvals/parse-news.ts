import type { ApprovalClaimAnswer, ApprovalNews } from '../../schemas/approval.ts'
import { approvalIdPattern, approvalStates } from '../../schemas/approval-state.ts'
import { QuestionFailure } from './failure.ts'

const id = new RegExp(approvalIdPattern)
const digest = /^sha256:[0-9a-f]{64}$/

/** Whether a text has the form of the id of a request. */
export function isApprovalId(text: string): boolean {
  return id.test(text)
}

/** Throws a QuestionFailure for anything else. */
export function parseNews(value: unknown): ApprovalNews {
  if (!isNews(value)) throw malformed()
  return value
}

export function parseNewsList(value: unknown): readonly ApprovalNews[] {
  const news = isRecord(value) ? value.news : undefined
  if (!Array.isArray(news)) throw malformed()
  return news.map(parseNews)
}

export function parseClaimAnswer(value: unknown): ApprovalClaimAnswer {
  if (!isRecord(value) || typeof value.granted !== 'boolean') throw malformed()
  return { granted: value.granted, news: parseNews(value.news) }
}

function isNews(value: unknown): value is ApprovalNews {
  if (!isRecord(value) || !isRecord(value.asker)) return false
  const { asker, reason = '' } = value
  return (
    [asker.namespace, asker.agent, asker.keySha256, value.expiresAt, reason].every(isText) &&
    id.test(String(value.id)) &&
    digest.test(String(value.digest)) &&
    approvalStates.some(state => state === value.state) &&
    !Number.isNaN(Date.parse(String(value.expiresAt))) &&
    [value.required, value.received].every(Number.isSafeInteger) &&
    typeof value.escalated === 'boolean' &&
    Array.isArray(value.approvedBy)
  )
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isRecord(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === 'object' && value !== null
}

function malformed(): QuestionFailure {
  return new QuestionFailure('news_malformed', 'the controller answered something else than news')
}
