import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import { SecretsFailure } from '../failure.ts'
import { nobodyElseWrites, readPrivateFile } from '../private-file.ts'
import type { VaultAnswer, VaultApi } from './vault-api.ts'
import { checkedToken, type VaultLogin } from './vault-settings.ts'

export interface VaultSessionNeeds {
  readonly api: VaultApi
  readonly login: VaultLogin
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: { warn(fields: object, message: string): void }
}

/** A token and until when it is good. */
interface Lease {
  readonly token: string
  readonly ttlMs: number
  readonly until: number
  readonly renewable: boolean
}

/** Somebody who is logged in; as a service it stays so. */
export interface VaultSession extends Service {
  /** A token that is good as far as is known; logs in when there is none. Rejects with a SecretsFailure. */
  token(): Promise<string>
  /** Takes back a token that was refused; whether another may be had now. */
  refused(token: string): boolean
}

/** Renewals come when a third of the time is left. */
const spentShare = 2 / 3
const longestWaitMs = 15 * 60_000
const shortestWaitMs = 500

/** A session; nothing is asked before a token is needed or the service runs. */
export function vaultSession(needs: VaultSessionNeeds): VaultSession {
  const { login, now, log } = needs
  let lease: Lease | null = null
  let opening: Promise<Lease> | null = null
  let told = false

  const open = (): Promise<Lease> => {
    opening ??= openLease(needs)
      .then(opened => {
        lease = opened
        return opened
      })
      .finally(() => {
        opening = null
      })
    return opening
  }
  const current = async () => (lease !== null && now() < lease.until ? lease : open())
  const keep = async (): Promise<void> => {
    const held = await current()
    if (now() < held.until - held.ttlMs * (1 - spentShare)) return
    lease = await renewed(needs, held)
  }

  return {
    name: 'vault session',
    token: async () => (await current()).token,
    refused(token) {
      if (lease?.token === token && login.kind !== 'token') lease = null
      return login.kind !== 'token'
    },
    async run(signal) {
      const pause = backoff(1000, 60_000)
      while (!signal.aborted) {
        try {
          await keep()
          told = false
          pause.reset()
          await wait(untilRenewal(lease, now()), signal)
        } catch (error) {
          if (!told && !signal.aborted) log.warn({ err: error }, 'no token for the vault')
          told = true
          await wait(pause.next(), signal)
        }
      }
    },
  }
}

function untilRenewal(lease: Lease | null, now: number): number {
  const due = lease === null ? now : lease.until - lease.ttlMs * (1 - spentShare)
  return Math.max(shortestWaitMs, Math.min(due - now, longestWaitMs))
}

async function openLease({ api, login, now }: VaultSessionNeeds): Promise<Lease> {
  if (login.kind === 'kubernetes') {
    const { mount, role, jwtFile } = login
    const jwt = await credential(jwtFile)
    const body = { role, jwt }
    const answer = await api.ask({ method: 'POST', path: `auth/${mount}/login`, body })
    return leaseOf(answer, now(), `the role ${role} may not log in`)
  }
  const token = login.kind === 'token' ? login.token : await credential(login.path)
  const answer = await api.ask({ method: 'GET', path: 'auth/token/lookup-self', token })
  const { ttl, renewable } = Object(dataOf(answer, 'it does not accept the token', 'data'))
  return lease(token, Number(ttl), renewable === true, now())
}

/** A token that can be renewed is; where that does not help, one is had anew, or the old one ends in its time. */
async function renewed(needs: VaultSessionNeeds, held: Lease): Promise<Lease> {
  const { api, login, now } = needs
  if (held.renewable) {
    const { token } = held
    const answer = await api.ask({ method: 'POST', path: 'auth/token/renew-self', token, body: {} })
    if (answer.status === 200) {
      const next = leaseOf(answer, now(), '')
      // What comes back shrinks towards the end of the time that a token may live in all.
      if (next.ttlMs >= held.ttlMs / 2 || login.kind === 'token') return next
    } else if (answer.status >= 500) failed(answer, 'it cannot renew the token')
  }
  if (login.kind !== 'token') return openLease(needs)
  return { ...held, ttlMs: 0, renewable: false }
}

function leaseOf(answer: VaultAnswer, now: number, why: string): Lease {
  const auth = Object(dataOf(answer, why, 'auth'))
  return lease(auth.client_token, Number(auth.lease_duration), auth.renewable === true, now)
}

/** A time of 0 seconds is for ever. */
function lease(token: unknown, seconds: number, renewable: boolean, now: number): Lease {
  const ttlMs = seconds === 0 ? Number.POSITIVE_INFINITY : seconds * 1000
  if (typeof token !== 'string' || !(ttlMs > 0)) {
    throw new SecretsFailure('vault_refused', 'the vault answered without a token')
  }
  const until = now + ttlMs
  return { token: checkedToken(token), ttlMs: Number.isFinite(ttlMs) ? ttlMs : 0, until, renewable }
}

function dataOf(answer: VaultAnswer, why: string, member: 'auth' | 'data'): unknown {
  if (answer.status !== 200) failed(answer, why)
  return Object(answer.body)[member]
}

/** Throws for an answer that is none, by its status alone: bodies may quote what was sent. */
export function failed({ status }: VaultAnswer, why: string): never {
  const code = status >= 500 || status === 429 ? 'vault_unreachable' : 'vault_refused'
  throw new SecretsFailure(code, `the vault answered ${status}: ${why}`)
}

async function credential(path: string): Promise<string> {
  const text = await readPrivateFile(path, { mode: nobodyElseWrites, mostBytes: 16_384 })
  if (text !== null) return checkedToken(text)
  throw new SecretsFailure(
    'setting_unusable',
    `there is no ${path}, which should let Writ into the vault`,
  )
}
