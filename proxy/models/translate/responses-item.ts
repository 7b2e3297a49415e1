import type { Block } from './answer-event.ts'
import type { RenamedTool } from './question.ts'

/** An item of the output of a response, as it grows. */
export type Item =
  | {
      readonly type: 'message'
      readonly id: string
      status: Status
      readonly role: 'assistant'
      content: readonly OutputText[]
    }
  | {
      readonly type: 'reasoning'
      readonly id: string
      summary: readonly SummaryText[]
      encrypted_content: string | null
    }
  | {
      readonly type: 'function_call'
      readonly id: string
      status: Status
      readonly call_id: string
      readonly name: string
      readonly namespace?: string
      arguments: string
    }
  | {
      readonly type: 'custom_tool_call'
      readonly id: string
      status: Status
      readonly call_id: string
      readonly name: string
      readonly namespace?: string
      input: string
    }
  | {
      readonly type: 'tool_search_call'
      readonly id: string
      status: Status
      readonly call_id: string
      readonly execution: 'client'
      arguments: unknown
    }

type Status = 'in_progress' | 'completed' | 'incomplete'

interface OutputText {
  readonly type: 'output_text'
  readonly text: string
  readonly annotations: readonly []
  readonly logprobs: readonly []
}

interface SummaryText {
  readonly type: 'summary_text'
  readonly text: string
}

/** The item that a block becomes, still without content. */
export function beginItem(
  block: Block,
  newId: () => string,
  renamed: ReadonlyMap<string, RenamedTool>,
): Item {
  const status = 'in_progress'
  if (block.kind === 'text')
    return { type: 'message', id: `msg_${newId()}`, status, role: 'assistant', content: [] }
  if (block.kind === 'reasoning')
    return { type: 'reasoning', id: `rs_${newId()}`, summary: [], encrypted_content: null }
  const call_id = block.id
  const tool = renamed.get(block.name)
  if (tool?.kind === 'search')
    return {
      type: 'tool_search_call',
      id: `tsc_${newId()}`,
      status,
      call_id,
      execution: 'client',
      arguments: {},
    }
  const name = tool?.name ?? block.name
  const namespace = tool?.namespace === undefined ? {} : { namespace: tool.namespace }
  const named = { status, call_id, name, ...namespace } as const
  return tool?.kind === 'custom'
    ? { type: 'custom_tool_call', id: `ctc_${newId()}`, ...named, input: '' }
    : { type: 'function_call', id: `fc_${newId()}`, ...named, arguments: '' }
}

/** Puts the whole text of the block into its item. */
export function endItem(item: Item, text: string, seal: string | undefined): void {
  switch (item.type) {
    case 'message':
      item.content = [outputText(text)]
      item.status = 'completed'
      return
    case 'reasoning':
      item.summary = text === '' ? [] : [{ type: 'summary_text', text }]
      item.encrypted_content = seal ?? null
      return
    case 'function_call':
      item.arguments = text
      item.status = 'completed'
      return
    case 'custom_tool_call':
      item.input = customInput(text)
      item.status = 'completed'
      return
    case 'tool_search_call':
      item.arguments = parsedOr(text, {})
      item.status = 'completed'
      return
  }
}

export function outputText(text: string): OutputText {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

/** The free text of a custom tool from the function call that stood in for it. */
function customInput(text: string): string {
  const { input } = Object(parsedOr(text, {}))
  return typeof input === 'string' ? input : text
}

function parsedOr(text: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return otherwise
  }
}
