import { createHash } from 'node:crypto'
import type { PodToken, ReviewPodToken } from '../../api/pod-token.ts'
import { ControllerFailure } from '../../failure.ts'
import type { Kube } from '../kube.ts'
import { podOfVerdict } from './pod-of-verdict.ts'
import { questions } from './questions.ts'
import { type TokenClaims, tokenClaims } from './token-claims.ts'

export interface ReviewedTokensNeeds {
  /** As of the API server. */
  readonly review: Kube['tokenReview']
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: {
    warn(fields: object, message: string): void
    info(fields: object, message: string): void
  }
}

/** Who tokens of proxies are made for. */
const audience = 'writ'

/** How long an answer is believed. What is refused is asked again sooner: the clocks may not have agreed. */
const believed = { good: 60_000, bad: 10_000 }
const mostKnown = { good: 10_000, bad: 1000 }

interface Answer {
  readonly pod: PodToken | null
  readonly until: number
}

/**
 * Asks the API server (TokenReview) whose tokens are. Answers are kept under the SHA-256 of the token for a minute, never
 * past its expiry; one question for each token at a time.
 */
export function reviewedTokens({ review, now, log }: ReviewedTokensNeeds): ReviewPodToken {
  const known = { good: new Map<string, Answer>(), bad: new Map<string, Answer>() }
  const asking = questions<PodToken | null>()
  let reached = true

  const keep = (hash: string, pod: PodToken | null, expiresAt: number) => {
    const kind = pod === null ? 'bad' : 'good'
    known[pod === null ? 'good' : 'bad'].delete(hash)
    remember(known[kind], mostKnown[kind], hash, {
      pod,
      until: Math.min(expiresAt, now() + believed[kind]),
    })
  }

  const ask = async (token: string, hash: string, claims: TokenClaims) => {
    const verdict = await review(token, [audience]).catch(cause => {
      if (reached) log.warn({ err: cause }, 'tokens of proxies cannot be reviewed')
      reached = false
      const message = 'the API server does not say whose the token is'
      throw new ControllerFailure('identity_unavailable', message, { cause })
    })
    if (!reached) log.info({}, 'tokens of proxies are reviewed again')
    reached = true
    const isSame = verdict.username === claims.subject
    const pod = isSame ? podOfVerdict(verdict, audience) : null
    keep(hash, pod, claims.expiresAt)
    return pod
  }

  return async (token, from) => {
    const claims = tokenClaims(token, audience)
    if (claims === null || claims.expiresAt <= now()) return null
    const hash = createHash('sha256').update(token).digest('hex')
    const answer = known.good.get(hash) ?? known.bad.get(hash)
    if (answer !== undefined && now() < answer.until) return answer.pod
    return asking.ask(hash, from, () => ask(token, hash, claims))
  }
}

function remember(known: Map<string, Answer>, most: number, hash: string, answer: Answer): void {
  known.delete(hash)
  known.set(hash, answer)
  const [oldest] = known.keys()
  if (known.size > most && oldest !== undefined) known.delete(oldest)
}
