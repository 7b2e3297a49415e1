import { randomUUID } from 'node:crypto'
import { ProxyFailure } from '../failure.ts'
import { brokenOff } from './broken-off.ts'
import type { Candidate } from './candidates.ts'
import type { Ending } from './ending.ts'
import type { Errand, Gateway } from './gateway.ts'
import { inputEstimate } from './input-size.ts'
import { providerFetch } from './provider-fetch.ts'
import { scripted } from './scripted/scripted.ts'
import { type Granted, tellFailure } from './send-model.ts'
import { tellTranslated } from './tell-translated.ts'
import { errorBody } from './translate/error-body.ts'
import { translate } from './translate/translate.ts'
import type { Translated } from './translate/translation.ts'

/** Whether the provider understands the request as it came. */
export function speaks({ asked }: Errand, { provider }: Candidate): boolean {
  const { dialect } = asked.endpoint
  if (provider.protocol === 'openai') {
    return dialect === 'chat' || (dialect === 'responses' && provider.responses === 'native')
  }
  return provider.protocol === 'anthropic' && dialect === 'messages'
}

/** Sends a request to a provider that speaks another dialect, or plays a scripted one, and answers in the client's. */
export async function translateModel(
  gateway: Gateway,
  errand: Errand,
  candidate: Candidate,
  granted: Granted,
): Promise<Ending> {
  const { cancellation } = errand
  const stop = new AbortController()
  const abort = () => stop.abort(brokenOff(cancellation))
  cancellation.listen(abort)
  if (cancellation.aborted) abort()
  try {
    const translated = await translatedBy(gateway, errand, candidate, granted, stop.signal)
    return await tellTranslated(errand, translated, granted)
  } catch (error) {
    if (error instanceof ProxyFailure) return lost(errand, error)
    throw error
  } finally {
    cancellation.listen(null)
  }
}

async function translatedBy(
  { now, sockets }: Gateway,
  { asked }: Errand,
  { provider, upstream }: Candidate,
  { credential, limit, trace }: Granted,
  signal: AbortSignal,
): Promise<Translated> {
  const { verdict, dialect } = asked.endpoint
  const { content, model } = asked
  const { body } = content
  const newId = () => randomUUID().replaceAll('-', '')
  const most = limit === null ? {} : { maxOutputTokens: limit }
  if (provider.protocol === 'scripted') {
    if (verdict === 'probe' || verdict === 'list' || verdict === 'show')
      throw new TypeError('nothing is asked of a model')
    return scripted({ dialect, verdict, body, model, ...most }, { now, newId })
  }
  if (verdict === 'count') return counted(inputEstimate(asked.size))
  if (verdict !== 'generate') return noEmbeddings(model)
  const { protocol, responses, baseUrl = '' } = provider
  const target = { protocol, responses, baseUrl, model: upstream }
  const fetch = providerFetch(sockets, provider, credential, trace)
  return translate({ dialect, body, model, target, signal, ...most }, { fetch, now, newId })
}

/** Only Anthropic counts tokens when asked; for others it is done here, by estimate. */
function counted(tokens: number): Translated {
  const usage = { inputTokens: 0, outputTokens: 0 }
  return { kind: 'answer', status: 200, json: { input_tokens: tokens }, usage, warnings: [] }
}

function noEmbeddings(model: string): Translated {
  const message = `the provider of ${JSON.stringify(model)} has no embeddings`
  const error = { status: 400, message, code: 'not_translatable', field: 'model' }
  return { kind: 'refused', status: 400, json: errorBody('chat', error), field: 'model' }
}

function lost(errand: Errand, failure: ProxyFailure): Ending {
  const cancelled = failure.code === 'cancelled'
  const sent = failure.mayHaveActed
  return {
    outcome: cancelled ? 'cancelled' : sent ? 'unknown' : 'failed',
    upstreamStatus: failure.code,
    actual: { sent, usage: null },
    error: failure.message,
    another: !cancelled,
    finish: () => tellFailure(errand, failure),
  }
}
