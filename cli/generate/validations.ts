/** A rule in CEL that the Kubernetes API server checks, on the object at `path`. */
export interface Validation {
  readonly path: string
  readonly rule: string
  readonly message: string
}

/** What the API server refuses by itself, per kind; the compiler refuses the same and more. */
export const validations: Readonly<Record<string, readonly Validation[]>> = {
  ToolServer: [
    {
      path: 'spec',
      rule: "self.transport != 'stdio' || (has(self.command) && !has(self.url))",
      message: 'transport stdio needs command and no url',
    },
    {
      path: 'spec',
      rule: "self.transport == 'stdio' || (has(self.url) && !has(self.command))",
      message: 'transports streamable-http and sse need url and no command',
    },
  ],
  ModelProvider: [
    {
      path: 'spec',
      rule: "self.protocol == 'scripted' || has(self.baseUrl)",
      message: 'protocols openai and anthropic need baseUrl',
    },
    {
      path: 'spec',
      rule: "self.protocol != 'scripted' || !(has(self.baseUrl) || has(self.secretRef) || has(self.headers))",
      message: 'protocol scripted reaches nobody: no baseUrl, secretRef or headers',
    },
  ],
  ApprovalRequest: [
    {
      path: 'spec',
      rule: 'self == oldSelf',
      message: 'a question is never changed; the agent asks again',
    },
  ],
  Budget: [
    {
      path: 'spec',
      rule: "!has(self.onExceeded) || self.onExceeded != 'require_approval' || has(self.extension)",
      message: 'require_approval needs extension',
    },
    {
      path: 'spec.limit',
      rule: '[has(self.usd), has(self.tokens), has(self.calls)].filter(given, given).size() == 1',
      message: 'exactly one of usd, tokens and calls must be set',
    },
  ],
}
