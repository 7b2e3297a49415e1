import type { ApprovalWorkflowSpec } from '../../schemas/approval-workflow.ts'

/** What a judge answered, or why it did not. */
export interface Verdict {
  readonly decision: 'approve' | 'deny' | 'uncertain'
  /** From 0 to 1; 0 when there was no answer that can be used. */
  readonly confidence: number
  readonly reasoning: string
}

/** The verdict when there is no answer that can be used. */
export function noVerdict(why: string): Verdict {
  return { decision: 'uncertain', confidence: 0, reasoning: why }
}

const decisions: ReadonlyMap<unknown, Verdict['decision']> = new Map([
  ['APPROVE', 'approve'],
  ['DENY', 'deny'],
  ['UNCERTAIN', 'uncertain'],
])

const mostReasoning = 4000

/**
 * Reads an answer: one JSON object of exactly three keys and nothing around it. An approval whose reasoning
 * stands in `data` is no answer: a judge that repeats what an agent wrote has not judged it.
 */
export function readVerdict(text: string, data: unknown): Verdict {
  const answer = parsed(text)
  if (answer === null || Object.keys(answer).sort().join() !== 'confidence,decision,reasoning') {
    return noVerdict('The answer of the judge is not of the form it was asked for.')
  }
  const { confidence, reasoning } = answer
  const decision = decisions.get(answer.decision)
  if (decision === undefined || !isShare(confidence) || !isReasoning(reasoning)) {
    return noVerdict('The answer of the judge is not of the form it was asked for.')
  }
  if (decision === 'approve' && stringsIn(data).some(said => repeats(said, reasoning))) {
    return noVerdict('The judge repeated words of the call as its own answer.')
  }
  return { decision, confidence, reasoning }
}

/** What a verdict means by the workflow; a judge that is unsure or silent approves only where it says so in words. */
export function ruling(
  { decision, confidence }: Verdict,
  { confidenceThreshold = 0.8, onUncertain = 'escalate' }: NonNullable<ApprovalWorkflowSpec['ai']>,
): 'approve' | 'deny' | 'escalate' {
  return decision !== 'uncertain' && confidence >= confidenceThreshold ? decision : onUncertain
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value }
      : null
  } catch {
    return null
  }
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1
}

function isReasoning(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= mostReasoning
}

/** Whether what was said holds the reasoning, but for case and white space. */
function repeats(said: string, reasoning: string): boolean {
  return plain(said).includes(plain(reasoning))
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[\s\\]+/g, ' ')
    .trim()
}

/** Every text in a JSON value, keys among them. */
function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [key, ...stringsIn(inner)])
}
