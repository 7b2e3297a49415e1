/** Policies in which each of `rules` / 2 tools has two rules, as one file. */
export function policiesOf(rules: number): string {
  const tools = Array.from({ length: rules / 2 }, (_, i) => entry(i))
  return `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: bench }
spec:
  tools:
${tools.join('\n')}
`
}

/** As many policies with one rule each, for one tool each, as one file. */
export function singleRulePolicies(count: number): string {
  const policies = Array.from(
    { length: count },
    (_, i) => `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: bench-${i} }
spec:
  tools:
    - name: ${toolName(i)}
      rules:
        - name: too-much-${i}
          when: args.amount > ${1000 + i} && args.command.contains("deploy")
          action: deny
          message: Too much.
`,
  )
  return policies.join('---\n')
}

/** The name of the tool that the entry with this number speaks about. */
export function toolName(i: number): string {
  return `tool_${i}`
}

function entry(i: number): string {
  return `    - name: ${toolName(i)}
      rules:
        - name: too-much-${i}
          when: args.amount > ${1000 + i} && args.command.contains("deploy")
          action: deny
          message: Too much.
        - name: usual-${i}
          when: args.currency in ["USD", "EUR"] && args.amount <= ${1000 + i}
          action: allow`
}
