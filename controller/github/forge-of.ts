import { createPrivateKey } from 'node:crypto'
import type { PolicyForge } from '../../schemas/policy-source.ts'
import type { Secrets } from '../channels/secrets.ts'
import { ForgeFailure } from '../forge/failure.ts'
import type { Forge } from '../forge/forge.ts'
import type { GithubCredentials } from './github-client.ts'
import { githubForge } from './github-forge.ts'

/** Where a repository is and which secret opens it, as a PolicySource or a NotificationChannel says. */
export type ForgePlace = Pick<PolicyForge, 'repository' | 'apiUrl' | 'secretRef' | 'app'>

export interface ForgeOfNeeds {
  /** Where the place is written, and where its secrets are kept. */
  readonly namespace: string
  readonly secrets: Secrets
  readonly now: () => number
  /** How long one method may take; 30 s when omitted. */
  readonly mostMs?: number
}

const usualApi = 'https://api.github.com'

/** The forge of a place. Secrets are looked up at every use: what is wrong with them shows then. */
export function forgeOf(place: ForgePlace, needs: ForgeOfNeeds): Forge {
  const { now, mostMs } = needs
  return githubForge({
    repository: place.repository,
    apiUrl: URL.parse(place.apiUrl ?? usualApi) ?? new URL(usualApi),
    credentials: () => credentialsOf(place, needs),
    ...{ now, mostMs },
  })
}

async function credentialsOf(
  { apiUrl, app, secretRef }: ForgePlace,
  { namespace, secrets }: ForgeOfNeeds,
): Promise<GithubCredentials> {
  if (apiUrl !== undefined && !isProtected(apiUrl)) {
    throw new ForgeFailure('misconfigured', 'credentials are sent to a forge by https only')
  }
  const ref = app?.privateKeyRef ?? secretRef
  if (ref === undefined) {
    throw new ForgeFailure('misconfigured', 'the forge names neither a secretRef nor an app')
  }
  const secret = (await secrets(namespace, ref))?.trim()
  if (!secret) {
    throw new ForgeFailure(
      'misconfigured',
      `the secret ${ref.name}, key ${ref.key}, is not there in namespace ${namespace}`,
    )
  }
  if (app === undefined) return { token: secret }
  if (!isPrivateKey(secret)) {
    throw new ForgeFailure(
      'misconfigured',
      `the secret ${ref.name}, key ${ref.key}, is no private key`,
    )
  }
  const { appId, installationId } = app
  return { appId, installationId, privateKey: secret }
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa'
  } catch {
    return false
  }
}

function isProtected(address: string): boolean {
  const { protocol = '', hostname = '' } = URL.parse(address) ?? {}
  return protocol === 'https:' || ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
}
