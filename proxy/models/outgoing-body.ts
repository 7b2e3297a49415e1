import type { Candidate } from './candidates.ts'
import { editBody } from './edit-body.ts'
import { limitNames, type ModelRequest } from './model-request.ts'

/**
 * What a provider of the same dialect is sent: the body as it came, but for the name of the model, a limit of the answer
 * that must not be passed, and the option to be told the usage. `limit` is null where the client's own holds.
 */
export function outgoingBody(
  asked: ModelRequest,
  candidate: Candidate,
  limit: number | null,
): Buffer {
  const { body, bytes } = asked.content
  const edits = new Map<string, string>()
  if (candidate.upstream !== body.model) edits.set('model', JSON.stringify(candidate.upstream))
  if (limit !== null) {
    for (const name of limitsToSet(asked, candidate)) edits.set(name, String(limit))
  }
  if (wantsUsage(asked)) {
    const options = { ...Object(body.stream_options), include_usage: true }
    edits.set('stream_options', JSON.stringify(options))
  }
  return editBody(bytes, edits, name => Object.hasOwn(body, name))
}

/** Whether the usage of a stream has to be asked for; the client then gets a chunk with it that it did not want. */
export function wantsUsage({ endpoint, stream, content }: ModelRequest): boolean {
  if (!stream || endpoint.dialect !== 'chat') return false
  return Object(content.body.stream_options).include_usage !== true
}

/** Every limit that the body states, or the one that the provider understands. */
function limitsToSet(
  { endpoint, content }: ModelRequest,
  { provider }: Candidate,
): readonly string[] {
  const stated = limitNames[endpoint.dialect].filter(name => (content.body[name] ?? null) !== null)
  if (stated.length > 0) return stated
  if (endpoint.dialect !== 'chat') return [limitNames[endpoint.dialect][0]]
  // The newest models of OpenAI refuse the old name, and others do not know the new one.
  const { hostname } = new URL(provider.baseUrl ?? 'http://unknown')
  return /(^|\.)openai\.(com|azure\.com)$/.test(hostname)
    ? ['max_completion_tokens']
    : ['max_tokens']
}
