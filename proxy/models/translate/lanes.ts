import type { LanguageModelV4StreamPart, SharedV4ProviderMetadata } from '@ai-sdk/provider'
import type { AnswerEvent, Block } from './answer-event.ts'
import { sealOf } from './seal.ts'

/** A block as the provider library tells of it; several may be under way at once. */
interface Lane {
  readonly block: Block
  /** Deltas that wait until the lanes before it are done. */
  waiting: string[]
  silent: boolean
  ended: boolean
  seal?: string
}

/**
 * Brings what a provider library tells of an answer into blocks that come one after the other: what belongs to a
 * later block waits until the ones before it have closed.
 */
export class Lanes {
  readonly #order: Lane[] = []
  readonly #byId = new Map<string, Lane>()
  #opened = false
  /** Whether the answer calls a tool. */
  calls = false

  /** The events that a part gives; none for parts that are not content. */
  take(part: LanguageModelV4StreamPart): AnswerEvent[] {
    switch (part.type) {
      case 'text-delta':
        return this.#text(part.id, part.delta)
      case 'text-end':
        return this.#end(`text ${part.id}`)
      case 'reasoning-start':
        return this.#start(`reasoning ${part.id}`, { kind: 'reasoning' }, part.providerMetadata)
      case 'reasoning-delta':
        return this.#delta(`reasoning ${part.id}`, part.delta, part.providerMetadata)
      case 'reasoning-end':
        return this.#end(`reasoning ${part.id}`, part.providerMetadata)
      default:
        return this.#tool(part)
    }
  }

  /** Closes what is open. */
  finish(): AnswerEvent[] {
    for (const lane of this.#order) lane.ended = true
    return this.#drain()
  }

  #tool(part: LanguageModelV4StreamPart): AnswerEvent[] {
    switch (part.type) {
      case 'tool-input-start':
        return this.#start(`tool ${part.id}`, { kind: 'tool', id: part.id, name: part.toolName })
      case 'tool-input-delta':
        return this.#delta(`tool ${part.id}`, part.delta)
      case 'tool-call':
        return this.#call(part.toolCallId, part.toolName, part.input)
      default:
        return []
    }
  }

  /** Ends a call; one that came without its arguments before gets them now. */
  #call(id: string, name: string, input: string): AnswerEvent[] {
    const key = `tool ${id}`
    const events = this.#byId.has(key) ? [] : this.#start(key, { kind: 'tool', id, name })
    if (this.#byId.get(key)?.silent) events.push(...this.#delta(key, input === '' ? '{}' : input))
    return [...events, ...this.#end(key)]
  }

  /**
   * Text begins with its first character, since some servers send empty text before a call. The library ends it only
   * with the answer: a block that starts later ended it before.
   */
  #text(id: string, delta: string): AnswerEvent[] {
    if (delta === '') return []
    const key = `text ${id}`
    const events = this.#byId.has(key) ? [] : this.#start(key, { kind: 'text' })
    return [...events, ...this.#delta(key, delta)]
  }

  #start(key: string, block: Block, metadata?: SharedV4ProviderMetadata): AnswerEvent[] {
    if (block.kind === 'tool') this.calls = true
    for (const [other, lane] of this.#byId) {
      if (lane.block.kind !== 'text') continue
      lane.ended = true
      this.#byId.delete(other)
    }
    const lane: Lane = { block, waiting: [], silent: true, ended: false }
    setSeal(lane, metadata)
    this.#order.push(lane)
    this.#byId.set(key, lane)
    return this.#drain()
  }

  #delta(key: string, delta: string, metadata?: SharedV4ProviderMetadata): AnswerEvent[] {
    const lane = this.#byId.get(key)
    if (lane === undefined) return []
    setSeal(lane, metadata)
    if (delta === '') return []
    lane.silent = false
    lane.waiting.push(delta)
    return this.#drain()
  }

  #end(key: string, metadata?: SharedV4ProviderMetadata): AnswerEvent[] {
    const lane = this.#byId.get(key)
    if (lane === undefined) return []
    setSeal(lane, metadata)
    lane.ended = true
    this.#byId.delete(key)
    return this.#drain()
  }

  #drain(): AnswerEvent[] {
    const events: AnswerEvent[] = []
    for (let lane = this.#order[0]; lane !== undefined; lane = this.#order[0]) {
      if (!this.#opened) events.push({ type: 'open', block: lane.block })
      this.#opened = true
      for (const text of lane.waiting) events.push({ type: 'delta', text })
      lane.waiting = []
      if (!lane.ended) break
      events.push({ type: 'close', ...(lane.seal !== undefined && { seal: lane.seal }) })
      this.#order.shift()
      this.#opened = false
    }
    return events
  }
}

function setSeal(lane: Lane, metadata: SharedV4ProviderMetadata | undefined): void {
  const seal = sealOf(metadata)
  if (seal !== undefined) lane.seal = seal
}
