import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { CertificateBundle } from './certificate-bundle.ts'
import type { ServingCertificate } from './certificates.ts'

/** Fields of a Secret, as text. */
export type SecretFields = Readonly<Record<string, string>>

/** A bundle as the fields of a Secret: `ca.crt` is what clients trust. */
export function fieldsOf({ authority, next, trusted, serving }: CertificateBundle): SecretFields {
  return {
    'ca.crt': trusted.join(''),
    'ca.key': authority.key,
    'tls.crt': serving.cert,
    'tls.key': serving.key,
    ...(next !== null && { 'next-ca.key': next.key }),
  }
}

/** Reads a bundle; null when the fields are not those of one, so that a new one has to be made. */
export function bundleOf(fields: SecretFields): CertificateBundle | null {
  try {
    const trusted = certificatesIn(fields['ca.crt'])
    const serving = { cert: fields['tls.crt'] ?? '', key: fields['tls.key'] ?? '' }
    const nextKey = fields['next-ca.key']
    checkPair(serving)
    return {
      authority: pairOf(trusted[0], fields['ca.key']),
      next: nextKey === undefined ? null : pairOf(trusted[1], nextKey),
      trusted,
      serving,
    }
  } catch {
    return null
  }
}

/** Throws when the texts are no certificate and its key. */
export function checkPair({ cert, key }: ServingCertificate): void {
  if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return
  throw new TypeError('the key is not that of the certificate')
}

function pairOf(cert = '', key = '') {
  const pair = { cert, key }
  checkPair(pair)
  return pair
}

function certificatesIn(text = ''): readonly string[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.map(block => `${block}\n`)
}
