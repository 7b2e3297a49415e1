import { createAppAuth } from '@octokit/auth-app'
import { Octokit } from '@octokit/rest'
import { backoff } from '../../lifecycle/backoff.ts'
import { wait } from '../../lifecycle/wait.ts'
import { ForgeFailure } from '../forge/failure.ts'
import { forgeFailure, mayPass } from './github-failure.ts'
import { githubFetch } from './github-fetch.ts'

/** As whom a client comes: with a token of an account, or as an app. */
export type GithubCredentials =
  | { readonly token: string }
  | { readonly appId: number; readonly installationId: number; readonly privateKey: string }

export interface GithubClientNeeds {
  /** Address of the API. */
  readonly apiUrl: URL
  /** Looked up before every use, so that a new one counts at once. Rejects with a ForgeFailure. */
  readonly credentials: () => Promise<GithubCredentials>
  readonly now: () => number
  /** How long one piece of work may take, all its requests and tries together; 30 s when omitted. */
  readonly mostMs?: number | undefined
}

/** What is asked in one piece: done again from its start when it fails in a way that may pass. */
type Work<T> = (octokit: Octokit, isApp: boolean) => Promise<T>

/** Speaks to one API. */
export interface GithubClient {
  /** Does the work within the limit. Rejects with a ForgeFailure, or the reason of the signal. */
  ask<T>(work: Work<T>, signal: AbortSignal): Promise<T>
  /** The same for work that would be done twice if it were done again, unless nothing was done. */
  askOnce<T>(work: Work<T>, signal: AbortSignal): Promise<T>
}

/** A client; nothing is asked before it is used. */
export function githubClient(needs: GithubClientNeeds): GithubClient {
  const { now, mostMs = 30_000 } = needs
  const comeIn = door(needs)
  const within = async <T>(work: Work<T>, outer: AbortSignal, again: typeof mayPass) => {
    const late = AbortSignal.timeout(mostMs)
    const signal = AbortSignal.any([outer, late])
    try {
      const enter = await comeIn()
      const end = now() + mostMs
      return await persevering(() => work(enter(signal), enter.isApp), { end, signal, now, again })
    } catch (error) {
      outer.throwIfAborted()
      if (late.aborted) throw new ForgeFailure('timed_out', 'GitHub took too long')
      throw forgeFailure(error, now())
    }
  }
  return {
    ask: (work, signal) => within(work, signal, mayPass),
    askOnce: (work, signal) => within(work, signal, ({ code }) => code === 'rate_limited'),
  }
}

/** Opens the way in with the credentials of now; what they are worth is kept until they change. */
function door({ apiUrl, credentials }: GithubClientNeeds) {
  const request = { fetch: githubFetch(apiUrl) }
  const baseUrl = apiUrl.href.replace(/\/$/, '')
  const common = { baseUrl, userAgent: 'writ', log: silent }
  const open = (given: GithubCredentials) => {
    const auth =
      'token' in given
        ? { auth: given.token }
        : { authStrategy: always(createAppAuth({ ...given, log: silent })) }
    const enter = (signal: AbortSignal) =>
      new Octokit({ ...common, ...auth, request: { ...request, signal } })
    return Object.assign(enter, { isApp: !('token' in given) })
  }
  let last: { readonly key: string; readonly enter: ReturnType<typeof open> } | null = null
  return async () => {
    const given = await credentials()
    const key = JSON.stringify(given)
    if (last?.key !== key) last = { key, enter: open(given) }
    return last.enter
  }
}

interface Limits {
  /** When it is no longer tried. */
  readonly end: number
  readonly signal: AbortSignal
  readonly now: () => number
  readonly again: (failure: ForgeFailure) => boolean
}

/** Does the work until it is done, its failure will not pass, or the wait would end too late. */
async function persevering<T>(work: () => Promise<T>, limits: Limits): Promise<T> {
  const { end, signal, now, again } = limits
  const waits = backoff(250, 4000)
  for (;;) {
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      const failure = forgeFailure(error, now())
      const pause = failure.waitMs ?? waits.next()
      if (!again(failure) || now() + pause >= end) throw failure
      await wait(pause, signal)
      signal.throwIfAborted()
    }
  }
}

function always<T>(value: T): () => T {
  return () => value
}

/** The library writes addresses and failures to the console otherwise. */
const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
