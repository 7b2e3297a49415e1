import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { type Authority, issueServing, makeAuthority } from './authority.ts'
import type { ServingCertificate } from './certificates.ts'

/** What all replicas share: who signs, whom the API server is to trust, and what is served. */
export interface CertificateBundle {
  readonly authority: Authority
  /** Made to take the place of the authority once everybody has had time to trust it. */
  readonly next: Authority | null
  /** Certificates of authorities, PEM: the present one, the next one, and former ones that have not ended. */
  readonly trusted: readonly string[]
  readonly serving: ServingCertificate
}

/** How long a new authority is trusted before anything is served that it signed: a day, and the hour by which it begins early. */
const overlapMs = 25 * 3_600_000

const mostTrusted = 4

/**
 * The bundle with what is due renewed, and the same bundle when nothing is. Certificates are renewed when two
 * thirds of their life are over. A new authority is trusted a day before it signs, and an old one until it
 * ends, so that at no moment something is served that is not trusted.
 */
export async function renewed(
  bundle: CertificateBundle | null,
  names: readonly string[],
  now: number,
): Promise<CertificateBundle> {
  if (bundle === null || hasEnded(bundle.authority.cert, now)) return fresh(bundle, names, now)
  const { authority, next } = authorities(bundle, now) ?? {
    authority: bundle.authority,
    next: await makeAuthority(now),
  }
  const serving = isGood(bundle.serving, authority, names, now)
    ? bundle.serving
    : await issueServing(authority, names, now)
  const changed =
    authority !== bundle.authority || next !== bundle.next || serving !== bundle.serving
  return changed
    ? { authority, next, serving, trusted: trustedBy(authority, next, bundle.trusted, now) }
    : bundle
}

/** Who signs and who is next; null when a next one has to be made. */
function authorities(
  { authority, next }: CertificateBundle,
  now: number,
): Pick<CertificateBundle, 'authority' | 'next'> | null {
  if (next !== null) {
    const trustedMs = now - new X509Certificate(next.cert).validFromDate.getTime()
    return trustedMs >= overlapMs ? { authority: next, next: null } : { authority, next }
  }
  return isDue(authority.cert, now) ? null : { authority, next }
}

async function fresh(
  before: CertificateBundle | null,
  names: readonly string[],
  now: number,
): Promise<CertificateBundle> {
  const authority = await makeAuthority(now)
  const serving = await issueServing(authority, names, now)
  const trusted = trustedBy(authority, null, before?.trusted ?? [], now)
  return { authority, next: null, trusted, serving }
}

function trustedBy(
  authority: Authority,
  next: Authority | null,
  before: readonly string[],
  now: number,
): readonly string[] {
  const present = next === null ? [authority.cert] : [authority.cert, next.cert]
  const former = before.filter(cert => !present.includes(cert) && !hasEnded(cert, now))
  return [...present, ...former].slice(0, mostTrusted)
}

/** Whether a serving certificate is signed by the authority, for exactly those names, and not due. */
function isGood(
  { cert, key }: ServingCertificate,
  authority: Authority,
  names: readonly string[],
  now: number,
): boolean {
  const certificate = new X509Certificate(cert)
  const wanted = names.map(name => `${isIP(name) ? 'IP Address' : 'DNS'}:${name}`).join(', ')
  return (
    !isDue(cert, now) &&
    certificate.subjectAltName === wanted &&
    certificate.verify(new X509Certificate(authority.cert).publicKey) &&
    certificate.checkPrivateKey(createPrivateKey(key))
  )
}

function isDue(cert: string, now: number): boolean {
  const { validFromDate, validToDate } = new X509Certificate(cert)
  const begun = validFromDate.getTime()
  return now >= begun + ((validToDate.getTime() - begun) * 2) / 3
}

function hasEnded(cert: string, now: number): boolean {
  return now >= new X509Certificate(cert).validToDate.getTime()
}
