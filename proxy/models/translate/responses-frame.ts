import type { Usage } from '../../../schemas/usage.ts'
import type { AnswerFrame } from './answer-writer.ts'
import type { Item } from './responses-item.ts'

/** How far a response is. */
export interface ResponseState {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed'
  readonly error?: { readonly code: string; readonly message: string }
  readonly incomplete?: 'max_output_tokens' | 'content_filter'
  readonly output: readonly Item[]
  readonly usage: Usage | null
}

/** The response object; what the request set is repeated in it. Nothing is kept, so `store` is false. */
export function responseObject(
  frame: AnswerFrame,
  asked: Readonly<Record<string, unknown>>,
  state: ResponseState,
): { readonly [name: string]: unknown } {
  return {
    id: `resp_${frame.id}`,
    object: 'response',
    created_at: frame.created,
    status: state.status,
    background: false,
    access_programs: null,
    error: state.error ?? null,
    incomplete_details: state.incomplete === undefined ? null : { reason: state.incomplete },
    instructions: asked.instructions ?? null,
    max_output_tokens: asked.max_output_tokens ?? null,
    metadata: asked.metadata ?? {},
    model: frame.model,
    output: state.output,
    parallel_tool_calls: asked.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null, ...Object(asked.reasoning) },
    store: false,
    temperature: asked.temperature ?? 1,
    text: { format: { type: 'text' }, ...Object(asked.text) },
    tool_choice: asked.tool_choice ?? 'auto',
    tools: asked.tools ?? [],
    top_p: asked.top_p ?? 1,
    truncation: 'disabled',
    usage: state.usage === null ? null : responseUsage(state.usage),
  }
}

function responseUsage(usage: Usage): object {
  const input = usage.inputTokens ?? 0
  const output = usage.outputTokens ?? 0
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.cacheReadTokens ?? 0,
      cache_write_tokens: usage.cacheWriteTokens ?? 0,
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: input + output,
  }
}
