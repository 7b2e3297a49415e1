import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Files of a certificate and its key, PEM. */
export interface Pair {
  readonly certFile: string
  readonly keyFile: string
}

/** A certificate authority of its own, good for a day, and what it signs. */
export interface Authority extends Pair {
  /** For a server, by its names and addresses, such as `DNS:localhost` and `IP:127.0.0.1`. */
  server(file: string, names: readonly string[]): Pair
  /** For a person or a program, as Kubernetes reads it: the name is the user, organizations are groups. */
  client(file: string, name: string, groups: readonly string[]): Pair
}

/** Makes an authority with `openssl`; every file is kept in the folder. */
export function authority(folder: string): Authority {
  const sign = (file: string, subject: string, extensions: readonly string[], by?: Pair): Pair => {
    const pair = { certFile: join(folder, `${file}.crt`), keyFile: join(folder, `${file}.key`) }
    const config = join(folder, `${file}.cnf`)
    const section = ['[req]', 'distinguished_name=name', '[name]', '[with]', ...extensions]
    writeFileSync(config, `${section.join('\n')}\n`)
    const signer = by ? ['-CA', by.certFile, '-CAkey', by.keyFile] : []
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc']
    const out = ['-keyout', pair.keyFile, '-out', pair.certFile]
    const name = ['-utf8', '-subj', subject, '-days', '1', '-config', config, '-extensions', 'with']
    execFileSync('openssl', ['req', '-x509', ...key, ...name, ...signer, ...out], { stdio: 'pipe' })
    return pair
  }
  const usage = ['basicConstraints=critical,CA:true', 'keyUsage=critical,keyCertSign,cRLSign']
  const root = sign('ca', '/CN=authority of the test', usage)
  return {
    ...root,
    server: (file, names) =>
      sign(
        file,
        '/CN=server of the test',
        ['extendedKeyUsage=serverAuth', `subjectAltName=${names.join(',')}`],
        root,
      ),
    client: (file, name, groups) => {
      const parts = [...groups.map(group => ['O', group]), ['CN', name]]
      const subject = parts.map(
        ([type, value]) => `/${type}=${value?.replaceAll(/[\\/+=]/g, '\\$&')}`,
      )
      return sign(file, subject.join(''), ['extendedKeyUsage=clientAuth'], root)
    },
  }
}
