import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Usage } from '../../schemas/usage.ts'
import { brokenOff } from './broken-off.ts'
import { accounted, type Ending } from './ending.ts'
import type { Errand } from './gateway.ts'
import { inputEstimate } from './input-size.ts'
import { answerJson } from './problem.ts'
import { type Granted, tellHalted } from './send-model.ts'
import { withWarnings } from './soft-warning.ts'
import type { StreamProgress, Translated } from './translate/translation.ts'
import type { Used } from './usage-reader.ts'

type Of<K extends Translated['kind']> = Extract<Translated, { kind: K }>

/** Text that a model writes has at least about this many bytes a token. */
const bytesPerToken = 3

/** Answers with what a translation came to; a stream goes out as it comes, at the pace of the client. */
export async function tellTranslated(
  errand: Errand,
  translated: Translated,
  { headers }: Granted,
): Promise<Ending> {
  switch (translated.kind) {
    case 'answer':
      return whole(errand, translated, withWarnings(headers, translated.warnings))
    case 'stream':
      return streamed(errand, translated, withWarnings(headers, translated.warnings))
    case 'refused':
      return refused(errand, translated)
    case 'failed':
      return failed(errand, translated)
  }
}

type Headers = Readonly<Record<string, string>>

const unused: Usage = { inputTokens: 0, outputTokens: 0 }

function whole({ response, asked }: Errand, answer: Of<'answer'>, headers: Headers): Ending {
  const json = JSON.stringify(answer.json)
  const bytes = Buffer.byteLength(json)
  const estimate: Used = {
    source: 'estimated',
    usage: {
      inputTokens: inputEstimate(asked.size),
      outputTokens: Math.ceil(bytes / bytesPerToken),
    },
  }
  return {
    outcome: 'succeeded',
    upstreamStatus: '200',
    ...accounted(answer.usage === null ? estimate : { usage: answer.usage, source: 'provider' }),
    bytes,
    another: false,
    finish: () => answerJson(response, 200, json, headers),
  }
}

async function streamed(
  errand: Errand,
  { chunks, progress }: Of<'stream'>,
  headers: Headers,
): Promise<Ending> {
  const { response, asked, cancellation } = errand
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    ...headers,
  })
  response.flushHeaders()
  asked.content.letGo()
  let bytes = 0
  for await (const chunk of chunks) {
    if (cancellation.aborted) break
    bytes += chunk.length
    if (!response.write(chunk)) await drained(response)
  }
  const used = usedBy(progress, inputEstimate(asked.size))
  const outcome = cancellation.aborted ? 'cancelled' : progress.complete ? 'succeeded' : 'failed'
  return {
    outcome,
    upstreamStatus: outcome === 'succeeded' ? '200' : 'upstream_lost',
    ...accounted(used),
    bytes,
    another: false,
    ...(outcome === 'failed' && { error: 'the provider broke off' }),
    ...(cancellation.halt !== null && { error: brokenOff(cancellation).message }),
    finish: () => {
      if (cancellation.halt === null) response.end()
      else tellHalted(errand, brokenOff(cancellation))
    },
  }
}

/** Settles when more can be written, or nobody reads any more. */
async function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return
  const settled = new AbortController()
  const { signal } = settled
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })])
  settled.abort()
}

function usedBy({ usage, outputBytes, complete }: StreamProgress, inputTokens: number): Used {
  if (complete && usage !== null) return { usage, source: 'provider' }
  const delivered = Math.ceil(outputBytes / bytesPerToken)
  const counted: Usage = {
    ...usage,
    inputTokens: usage?.inputTokens ?? inputTokens,
    outputTokens: Math.max(usage?.outputTokens ?? 0, delivered),
  }
  return { usage: counted, source: complete ? 'estimated' : 'partial' }
}

function refused({ response }: Errand, { status, json, field }: Of<'refused'>): Ending {
  return {
    outcome: 'failed',
    upstreamStatus: 'not_translatable',
    actual: { sent: false, usage: null },
    error: `nothing was sent: ${field} cannot be translated`,
    another: false,
    finish: () => answerJson(response, status, JSON.stringify(json)),
  }
}

function failed({ response }: Errand, translated: Of<'failed'>): Ending {
  const { status, json, upstreamStatus, retryAfter } = translated
  const told: Headers = retryAfter === null ? {} : { 'retry-after': retryAfter }
  return {
    outcome: 'failed',
    upstreamStatus: String(upstreamStatus),
    // An answer that nobody can read may have cost everything.
    actual: { sent: true, usage: upstreamStatus === 200 ? null : unused },
    error: `the provider answered ${upstreamStatus}`,
    another: upstreamStatus === 200 || upstreamStatus === 429 || upstreamStatus >= 500,
    finish: () => answerJson(response, status, JSON.stringify(json), told),
  }
}
