import { createHash, timingSafeEqual } from 'node:crypto'
import { ControllerFailure } from '../failure.ts'
import type { AccountOf } from './accounts/account-caller.ts'
import type { AgentOf } from './agent-keys.ts'
import type { Caller } from './caller.ts'
import type { People } from './person.ts'
import type { PodToken, ReviewPodToken } from './pod-token.ts'

/** Secrets of an installation: of who runs it, and of its proxies. */
export interface Tokens {
  readonly admin: string
  readonly proxy: string
}

/** Throws a ControllerFailure for tokens that could be guessed or that do not tell the roles apart. */
export function checkTokens({ admin, proxy }: Tokens): void {
  if (![admin, proxy].every(token => /^[\x21-\x7e]{16,512}$/.test(token))) {
    throw new ControllerFailure(
      'tokens_unusable',
      'a token is 16 to 512 visible ASCII characters; `openssl rand -hex 32` makes one',
    )
  }
  if (admin === proxy) {
    throw new ControllerFailure('tokens_unusable', 'people and proxies need tokens of their own')
  }
}

interface AuthenticateNeeds {
  readonly tokens: Tokens
  readonly people: People
  readonly agentOf: AgentOf
  /** Knows who is signed in; nobody is without it. */
  readonly accountOf?: AccountOf | undefined
  /** Knows tokens of pods; without it no pod is let in. */
  readonly podOf?: ReviewPodToken | undefined
}

/** A caller, and how to see later whether it still is who it was: null once it is not. */
export interface Authenticated {
  readonly caller: Caller
  now(): Caller | null
  /** Asks again whose a token of a pod is: false once it is nobody's. Rejects as ReviewPodToken does. */
  readonly holds?: () => Promise<boolean>
}

/** Says whose a bearer token is that an address shows; `nobody` for one that is not known. */
export type Authenticate = (token: string, from: string) => Promise<Authenticated>

/** Tokens are compared in constant time; keys are looked up by their hash, which tells a guesser nothing. */
export function authenticator(needs: AuthenticateNeeds): Authenticate {
  const { tokens, people, agentOf, accountOf = async () => null, podOf } = needs
  const admin = sha256(tokens.admin)
  const proxy = sha256(tokens.proxy)
  const always = (caller: Caller): Authenticated => ({ caller, now: () => caller })
  const asAdmin = (): Caller => ({ role: 'admin', person: people.operator() })
  return async (token, from) => {
    const hash = sha256(token)
    if (timingSafeEqual(hash, admin)) return { caller: asAdmin(), now: asAdmin }
    if (timingSafeEqual(hash, proxy)) return always({ role: 'proxy', namespace: null })
    const hex = hash.toString('hex')
    const account = await accountOf(token)
    const holds = async () => (await accountOf(token)) !== null
    if (account !== null) return { ...always(account), holds }
    const agent = await agentOf(hex)
    if (agent !== null) return always({ role: 'agent', agent })
    return personOrPod(hex, token, from)
  }

  async function personOrPod(hex: string, token: string, from: string): Promise<Authenticated> {
    const asPerson = (): Caller | null => {
      const person = people.byKey(hex)
      return person && { role: 'person', person }
    }
    const person = asPerson()
    if (person !== null || podOf === undefined) {
      return { caller: person ?? { role: 'nobody' }, now: asPerson }
    }
    const pod = await podOf(token, from)
    if (pod === null) return always({ role: 'nobody' })
    return { ...always(proxyIn(pod)), holds: async () => (await podOf(token, from)) !== null }
  }
}

function proxyIn({ namespace, serviceAccount, pod }: PodToken): Caller {
  return { role: 'proxy', namespace, pod: { ...pod, serviceAccount } }
}

/** The token of an Authorization header, or null. Those of pods are the longest. */
export function bearerToken(header: string | undefined): string | null {
  return /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(header ?? '')?.[1] ?? null
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
