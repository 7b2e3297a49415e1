import type { PodToken } from '../../api/pod-token.ts'
import type { TokenVerdict } from '../kube.ts'

/** What is looked at of what the API server says of a token. */
export type Verdict = Pick<
  TokenVerdict,
  'authenticated' | 'username' | 'groups' | 'audiences' | 'extra'
>

const name = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/**
 * The pod that a token belongs to, by the word of the API server; null for a token that is not good, is for somebody
 * else, or belongs to no pod: one that somebody made by hand for a service account ends with nobody.
 */
export function podOfVerdict(verdict: Verdict, audience: string): PodToken | null {
  const { authenticated, username, groups, audiences, extra } = verdict
  if (!authenticated || !audiences.includes(audience)) return null
  const [, namespace = '', serviceAccount = ''] =
    /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? []
  const pod = only(extra['authentication.kubernetes.io/pod-name'])
  const uid = only(extra['authentication.kubernetes.io/pod-uid'])
  if (![namespace, serviceAccount, pod].every(text => name.test(text))) return null
  if (!/^[\w-]{1,128}$/.test(uid)) return null
  if (!groups.includes(`system:serviceaccounts:${namespace}`)) return null
  return { namespace, serviceAccount, pod: { name: pod, uid } }
}

/** The one value; empty when there is none or more than one. */
function only(values: readonly string[] = []): string {
  return values.length === 1 ? (values[0] ?? '') : ''
}
