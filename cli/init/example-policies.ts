/** What agents may do, by example. */
export const agentPolicies = `# What agents may do. What is not named here is refused.
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: tickets }
spec:
  description: Agents look at tickets and answer them; people agree to money and to deletions.
  tools:
    - name: search_tickets
      server: tickets
      rules: [{ name: looking-is-fine, action: allow }]

    - name: answer_ticket
      server: tickets
      justification: optional
      rules:
        - name: no-keys-in-answers
          when: args.text.contains("BEGIN PRIVATE KEY")
          action: deny
          message: Keys are not sent to customers. Leave the key out.
        - name: answering-is-fine
          action: allow

    - name: refund
      server: tickets
      justification: required # the agent says why
      approvalWorkflow: ask-owners
      rules:
        - name: large-refunds-are-not-for-agents
          when: args.amount > 500.0
          action: deny
          message: Refunds over 500 are made by a person.
        - name: refunds-need-a-person
          when: args.amount > 20.0
          action: require_approval
          message: A person looks at refunds over 20.
        - name: small-refunds-are-fine
          action: allow

    - name: delete_ticket # not in the list of tools, and refused when called
      server: tickets
      enabled: false
  defaults:
    unmatched: deny
`

/** The server behind them. */
export const toolServers = `# MCP servers behind Writ. Agents see their tools at Writ's address and never hold the credential:
# npx writ secrets set tickets token
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: tickets }
spec:
  url: https://tickets.example.com/mcp
  auth: { type: bearer, secretRef: { name: tickets, key: token } }
  # Conditions are checked against these; a proxy that sees the server knows its tools anyway.
  tools:
    - name: search_tickets
      inputSchema: { type: object, properties: { query: { type: string } }, required: [query] }
    - name: answer_ticket
      inputSchema:
        type: object
        properties: { ticket: { type: string }, text: { type: string } }
        required: [ticket, text]
    - name: refund
      inputSchema:
        type: object
        properties: { ticket: { type: string }, amount: { type: number } }
        required: [ticket, amount]
    - name: delete_ticket
      inputSchema: { type: object, properties: { ticket: { type: string } }, required: [ticket] }
`

/** Calls and the decisions that they must get. */
export const policyTests = `# Calls, and the decisions that they must get: npx writ test policies
apiVersion: writ.dev/v1alpha1
kind: PolicyTest
metadata: { name: tickets }
spec:
  cases:
    - name: agents look at tickets
      call: { server: tickets, tool: search_tickets, args: { query: printer } }
      expect: { action: allow, rule: looking-is-fine }
    - name: no key is sent to a customer
      call:
        server: tickets
        tool: answer_ticket
        args: { ticket: T-1, text: "-----BEGIN PRIVATE KEY-----" }
      expect: { action: deny, rule: no-keys-in-answers }
    - name: a small refund is made at once
      call:
        server: tickets
        tool: refund
        args: { ticket: T-1, amount: 20 }
        request: { justification: It was broken. }
      expect: { action: allow, rule: small-refunds-are-fine }
    - name: a person looks at a refund over 20
      call:
        server: tickets
        tool: refund
        args: { ticket: T-1, amount: 20.01 }
        request: { justification: It was broken. }
      expect: { action: require_approval, workflows: [ask-owners] }
    - name: nobody refunds more than 500
      call:
        server: tickets
        tool: refund
        args: { ticket: T-1, amount: 501 }
        request: { justification: It was broken. }
      expect: { action: deny, rule: large-refunds-are-not-for-agents }
    - name: a refund without a reason is not made
      call: { server: tickets, tool: refund, args: { ticket: T-1, amount: 1 } }
      expect: { action: deny, reason: justification_required }
    - name: nobody deletes tickets
      call: { server: tickets, tool: delete_ticket, args: { ticket: T-1 } }
      expect: { action: deny, reason: disabled }
    - name: what is not named is refused
      call: { server: tickets, tool: export_everything, args: {} }
      expect: { action: deny, reason: unmatched }
`
