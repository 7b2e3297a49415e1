import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { wait } from '../../../lifecycle/wait.ts'
import { AdmissionFailure } from '../failure.ts'
import { checkPair } from './bundle-fields.ts'
import { type Certificates, certificateHolder, type ServingCertificate } from './certificates.ts'

export interface CertificateFilesNeeds {
  /** Holds `tls.crt` and `tls.key`, as a mounted Secret does. */
  readonly folder: string
  readonly onFailure: (error: unknown) => void
}

const everyMs = 5000

/**
 * A certificate from files that somebody else renews, read again every five seconds. Files that do not
 * fit each other, as while they are being written, leave the last good pair in use. Rejects with
 * `certificate_unusable` when there is no good pair to begin with.
 */
export async function certificateFiles(needs: CertificateFilesNeeds): Promise<Certificates> {
  const { current, hold, subscribe } = certificateHolder()
  hold(await readPair(needs.folder))
  return {
    name: 'webhook certificates',
    current,
    subscribe,
    async run(signal) {
      for (;;) {
        await wait(everyMs, signal)
        if (signal.aborted) return
        await readPair(needs.folder).then(hold, needs.onFailure)
      }
    },
  }
}

async function readPair(folder: string): Promise<ServingCertificate> {
  try {
    const [cert, key] = await Promise.all(
      ['tls.crt', 'tls.key'].map(name => readFile(join(folder, name), 'utf8')),
    )
    const pair = { cert: cert ?? '', key: key ?? '' }
    checkPair(pair)
    return pair
  } catch (error) {
    // What a parser says of a key is not for a log.
    const why = String(Object(error).code ?? 'unreadable')
    throw new AdmissionFailure(
      'certificate_unusable',
      `tls.crt and tls.key in ${folder} are no certificate with its key (${why})`,
    )
  }
}
