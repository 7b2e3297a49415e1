/** A policy with one rule for every tool. */
export function policy(name: string, rule: string, namespace = 'default'): string {
  return `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  tools:
    - name: "*"
      rules: [${rule}]
`
}

/** An agent with one key of the given SHA-256. */
export function agent(name: string, sha256: string, namespace = 'default'): string {
  return `apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: ${name}, namespace: ${namespace} }
spec: { kind: test, apiKeys: [{ name: laptop, sha256: ${sha256} }] }
`
}
