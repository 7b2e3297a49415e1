import { attempt, denied, type Failed, type Tried } from './attempt.ts'
import type { Candidate } from './candidates.ts'
import type { Errand, Gateway } from './gateway.ts'
import { judgeModel } from './judge-model.ts'
import { refuseModel } from './refuse-model.ts'

/**
 * Asks the providers of a model in their order until one answers. A scripted one is asked only where none before it has a
 * credential: it never stands in for a provider that fails.
 */
export async function serveModel(gateway: Gateway, errand: Errand): Promise<void> {
  const candidates = candidatesOf(gateway, errand)
  const [first] = candidates
  if (first === undefined) return denied(gateway, errand, null, judgeModel(gateway, errand, null))
  const last = await askInTurn(gateway, errand, candidates)
  if (last === null) await withoutCredential(gateway, errand, first)
  else if (last.kind === 'failed') last.answer()
}

function candidatesOf(
  { tables, catalogues }: Gateway,
  { caller, asked }: Errand,
): readonly Candidate[] {
  const table = tables.current(caller.namespace)
  return table === null ? [] : catalogues.of(table).candidates(asked.model)
}

/** What the last one that was asked came to; null when none could be. */
async function askInTurn(
  gateway: Gateway,
  errand: Errand,
  candidates: readonly Candidate[],
): Promise<Tried | null> {
  let last: Failed | null = null
  for (const candidate of candidates) {
    if (candidate.provider.protocol === 'scripted' && last !== null) break
    const credential = await credentialOf(gateway, errand, candidate)
    if (credential === 'missing') continue
    if (credential === 'unknown') return last ?? unknown(gateway, errand, candidate)
    const tried = await attempt(gateway, errand, candidate, credential.value, last)
    if (tried.kind === 'answered' || errand.cancellation.aborted) return tried
    last = tried
  }
  return last
}

/** Nobody stands in for a provider whose key cannot be looked up just now. */
async function unknown(gateway: Gateway, errand: Errand, candidate: Candidate): Promise<Tried> {
  await withoutCredential(gateway, errand, candidate, 'cannot be looked up')
  return { kind: 'answered' }
}

type Credential = { readonly value: string | null } | 'missing' | 'unknown'

async function credentialOf(
  { secrets, log }: Gateway,
  { caller }: Errand,
  { provider }: Candidate,
): Promise<Credential> {
  if (provider.secretRef === undefined) return { value: null }
  const secret = await secrets(caller.namespace, provider.secretRef).catch(err => {
    log.warn({ err, provider: provider.name }, 'credential not looked up')
    return undefined
  })
  if (secret === undefined) return 'unknown'
  const value = secret?.trim() ?? ''
  return value === '' ? 'missing' : { value }
}

/** Nobody who offers the model can be asked. A caller that may not use it is told just that. */
async function withoutCredential(
  gateway: Gateway,
  errand: Errand,
  candidate: Candidate,
  what = 'is not there',
): Promise<void> {
  const judged = judgeModel(gateway, errand, candidate)
  if (judged.decision.action === 'deny') return denied(gateway, errand, candidate, judged)
  const { name, key } = candidate.provider.secretRef ?? { name: '', key: '' }
  const text = `Writ cannot ask provider "${candidate.provider.name}" for ${JSON.stringify(errand.asked.model)}: the secret ${name}/${key} that holds its key ${what}. Nothing was sent; ask whoever runs Writ to see to it.`
  const refusal = { decision: 'deny', reason: 'credential_missing', text } as const
  return refuseModel(gateway, errand, judged, refusal, 'credential_missing')
}
