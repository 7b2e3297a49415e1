import type { Pair } from './authority.ts'

/** Who asks: a client certificate, or a token. */
export type Credential = Pair | { readonly token: string }

/** A kubeconfig (JSON is YAML) for one server and one user. */
export function kubeconfig(url: string, caFile: string, credential: Credential): string {
  const user =
    'token' in credential
      ? { token: credential.token }
      : { 'client-certificate': credential.certFile, 'client-key': credential.keyFile }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority': caFile } }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  })
}
