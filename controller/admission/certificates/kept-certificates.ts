import { type Backoff, backoff } from '../../../lifecycle/backoff.ts'
import { wait } from '../../../lifecycle/wait.ts'
import { bundleOf, fieldsOf, type SecretFields } from './bundle-fields.ts'
import { type CertificateBundle, renewed } from './certificate-bundle.ts'
import { type Certificates, certificateHolder } from './certificates.ts'

/** A Secret that all replicas share. */
export interface SharedSecret {
  /** Null when there is none. */
  read(): Promise<{ readonly fields: SecretFields; readonly version: string } | null>
  /** Writes over that version, or makes the Secret when it is null; false when another replica was first. */
  write(fields: SecretFields, version: string | null): Promise<boolean>
}

export interface KeptCertificatesNeeds {
  readonly secret: SharedSecret
  /** Host names and addresses under which the API server reaches the webhooks. */
  readonly names: readonly string[]
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
}

/** Certificates that replicas make and renew themselves. */
export interface KeptCertificates extends Certificates {
  /** The authorities that the API server is to trust, PEM; null before they are known. */
  authorities(): string | null
  /** Does what is due now. */
  look(): Promise<void>
}

const everyMs = 30_000
/** More replicas than these do not meet at one moment. */
const mostTries = 10

/** Shares certificates with the other replicas by a Secret, and looks twice a minute whether something is due. */
export function keptCertificates(needs: KeptCertificatesNeeds): KeptCertificates {
  const { current, hold, subscribe } = certificateHolder()
  let authorities: string | null = null
  const look = async () => {
    const { serving, trusted } = await shared(needs)
    authorities = trusted.join('')
    hold(serving)
  }
  return {
    name: 'webhook certificates',
    current,
    subscribe,
    authorities: () => authorities,
    look,
    async run(signal) {
      const pause = backoff(500, everyMs)
      while (!signal.aborted) await wait(await attempt(look, pause, needs.onFailure), signal)
    },
  }
}

async function attempt(
  look: () => Promise<void>,
  pause: Backoff,
  onFailure: (error: unknown) => void,
): Promise<number> {
  try {
    await look()
    pause.reset()
    return everyMs
  } catch (error) {
    onFailure(error)
    return pause.next()
  }
}

/** The bundle as it is kept, renewed when that is due. */
async function shared({ secret, names, now }: KeptCertificatesNeeds): Promise<CertificateBundle> {
  for (let tries = 0; tries < mostTries; tries++) {
    const kept = await secret.read()
    const before = kept === null ? null : bundleOf(kept.fields)
    const bundle = await renewed(before, names, now())
    if (bundle === before || (await secret.write(fieldsOf(bundle), kept?.version ?? null))) {
      return bundle
    }
  }
  throw new Error('other replicas write the certificates of webhooks all the time')
}
