import type { Member } from './member.ts'
import type { Question, Reasoning, Schema } from './question.ts'

type Options = Partial<Question['options']>

const efforts: readonly string[] = [
  'none',
  'minimal',
  'low',
  'medium',
  'high',
  'xhigh',
  'max',
] satisfies Reasoning[]

/** Temperature, top_p and the limit of tokens. */
export function readSampling(root: Member, limit: Member): Options {
  const temperature = root.at('temperature').maybe(member => member.number())
  const topP = root.at('top_p').maybe(member => member.number())
  const maxOutputTokens = limit.maybe(wholeNumber)
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && topP !== 1 && { topP }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
  }
}

/** A whole number above zero. */
export function wholeNumber(member: Member): number {
  const value = member.number()
  return Number.isSafeInteger(value) && value > 0 ? value : member.refuse('must be a whole number')
}

/** One stop sequence or a list of them. */
export function readStop(stop: Member): Options {
  if (stop.absent) return {}
  if (typeof stop.value === 'string') return { stopSequences: [stop.value] }
  const stopSequences = stop.items().map(item => item.text())
  return stopSequences.length === 0 ? {} : { stopSequences }
}

/** What form the answer must have; `body` is where name and schema stand. */
export function readFormat(format: { readonly type: Member; readonly body: Member }): Options {
  if (format.type.absent || format.type.value === 'text') return {}
  if (format.type.value !== 'json_schema' && format.type.value !== 'json_object')
    return format.type.refuseUntold()
  if (format.type.value === 'json_object') return { responseFormat: { type: 'json' } }
  const { body } = format
  const description = body.at('description').maybe(text => text.text())
  return {
    responseFormat: {
      type: 'json',
      name: body.at('name').text(),
      schema: body.at('schema').record() as Schema,
      ...(description !== undefined && { description }),
    },
    providerOptions: { openai: { strictJsonSchema: body.at('strict').value === true } },
  }
}

/** How much to reason. */
export function readEffort(effort: Member): Options {
  if (effort.absent) return {}
  const text = effort.text()
  return efforts.includes(text) ? { reasoning: text as Reasoning } : effort.refuseUntold()
}
