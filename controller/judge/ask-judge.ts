import { httpPost, type Posted } from '../channels/http-post.ts'
import type { Secrets } from '../channels/secrets.ts'
import type { Judge } from './find-judge.ts'
import type { Message } from './prompt.ts'
import { noVerdict, readVerdict, type Verdict } from './verdict.ts'

interface AskNeeds {
  readonly secrets: Secrets
  /** A judge that takes longer has not answered. */
  readonly timeoutMs: number
}

/** The form of an answer, for providers that can hold a model to one. */
const responseFormat = {
  type: 'json_schema',
  json_schema: {
    name: 'verdict',
    strict: true,
    schema: {
      type: 'object',
      additionalProperties: false,
      required: ['reasoning', 'decision', 'confidence'],
      properties: {
        reasoning: { type: 'string' },
        decision: { type: 'string', enum: ['APPROVE', 'DENY', 'UNCERTAIN'] },
        confidence: { type: 'number' },
      },
    },
  },
}

/**
 * Asks a model once. Whatever goes wrong is a verdict that is uncertain with confidence 0, and says why;
 * rejects only when the signal aborts. `data` is what the agent wrote.
 */
export async function askJudge(
  { secrets, timeoutMs }: AskNeeds,
  judge: Judge,
  asked: { readonly messages: readonly Message[]; readonly data: unknown },
  signal: AbortSignal,
): Promise<Verdict> {
  const late = AbortSignal.timeout(timeoutMs)
  try {
    const key = judge.secretRef && (await secrets(judge.namespace, judge.secretRef))
    if (judge.secretRef !== null && !key) return noVerdict('The key of the provider is not there.')
    const answer = await complete(judge, key, asked.messages, AbortSignal.any([signal, late]))
    if (answer.status !== 200) return noVerdict(`The provider answered ${answer.status}.`)
    const text = contentOf(answer.text)
    return text === null
      ? noVerdict('The provider did not answer with a message.')
      : readVerdict(text, asked.data)
  } catch {
    signal.throwIfAborted()
    return noVerdict(
      late.aborted
        ? `The judge did not answer within ${timeoutMs / 1000} s.`
        : 'The provider cannot be reached.',
    )
  }
}

/** POST /chat/completions; once more without the form of the answer where that is not known. */
async function complete(
  { url, headers, model }: Judge,
  key: string | null,
  messages: readonly Message[],
  signal: AbortSignal,
): Promise<Posted> {
  const body = { model, messages, temperature: 0.1, max_tokens: 500 }
  const post = (body: object) =>
    httpPost(url, {
      headers: {
        ...headers,
        'content-type': 'application/json',
        ...(key !== null && { authorization: `Bearer ${key.trim()}` }),
      },
      body: JSON.stringify(body),
      signal,
    })
  const answer = await post({ ...body, response_format: responseFormat })
  return answer.status === 400 || answer.status === 422 ? post(body) : answer
}

/** The text of the one choice; null for anything else, also when it was cut off. */
function contentOf(body: string): string | null {
  const choices = member(parsed(body), 'choices')
  const choice = Array.isArray(choices) && choices.length === 1 ? choices[0] : null
  const content = member(member(choice, 'message'), 'content')
  const cut = member(choice, 'finish_reason') === 'length'
  return typeof content === 'string' && !cut ? content : null
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}
