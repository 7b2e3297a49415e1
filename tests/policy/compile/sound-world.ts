/**
 * Documents of every kind that lean on each other in every way that is checked, and that nothing is wrong
 * with.
 */
export const soundWorld: readonly Document[] = [
  of('User', 'ana', { email: 'ana@example.com', identities: { github: { id: 1, login: 'ana' } } }),
  of('User', 'ben', { apiKeys: [{ name: 'ci', sha256: 'c'.repeat(64) }] }),
  of('Team', 'sre', { members: ['ana', 'ben'] }),
  of('NotificationChannel', 'ops', {
    type: 'mail',
    host: 'mail.example.com',
    from: 'a@example.com',
  }),
  of('NotificationChannel', 'chat', { type: 'slack', secretRef: { name: 'slack', key: 'url' } }),
  of('NotificationChannel', 'hook', { type: 'webhook', url: 'https://w.example.com' }),
  of('PolicySource', 'policies', {
    url: 'git@git.example.com:example/policies.git',
    knownHosts: ['git.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI'],
    signatures: { required: true, signers: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI'] },
    forge: {
      type: 'github',
      repository: 'example/policies',
      secretRef: { name: 'forge', key: 'token' },
    },
    review: { workflow: 'people', replay: '7d' },
  }),
  of('ApprovalWorkflow', 'people', {
    approvers: { users: ['ana'], teams: ['sre'] },
    approvalsRequired: 2,
    timeout: '10m',
    inlineWait: '6m',
    escalation: { after: '7m', to: { teams: ['sre'], users: ['ben'] } },
    reminders: ['8m'],
    channels: ['ops', 'chat', 'hook'],
  }),
  of('ApprovalWorkflow', 'judge', {
    ai: { model: 'large', onUncertain: 'escalate', escalateTo: 'people' },
  }),
  of('Agent', 'claude', {
    owner: 'ana',
    labels: { 'writ.dev/flow': 'nightly' },
    apiKeys: [
      { name: 'ci', sha256: 'a'.repeat(64) },
      { name: 'laptop', sha256: 'b'.repeat(64) },
    ],
  }),
  of('ModelProvider', 'local', {
    protocol: 'openai',
    baseUrl: 'https://m.example.com',
    models: [
      { name: 'large', aliases: ['big'], price: { input: '1', output: '2' } },
      { name: 'mini', order: 2, maxOutputTokens: 10 },
      { name: 'small', upstream: 'tiny', price: { input: '1', output: '1', request: '0.1' } },
      { name: 'open-*' },
    ],
  }),
  of('ModelProvider', 'trial', { protocol: 'scripted', models: [{ name: 'large', order: 2 }] }),
  of('Budget', 'money', {
    scope: {
      models: ['large', 'open-x'],
      agents: ['cl*'],
      apiKeys: ['ci'],
      users: ['ana'],
      teams: ['sre'],
      flows: ['nightly'],
      tools: ['p_*'],
    },
    limit: { usd: '5' },
    window: 'day',
    timeZone: 'UTC',
    onExceeded: 'require_approval',
    extension: { usd: '1' },
    approvalWorkflow: 'people',
  }),
  of('Budget', 'calls', { limit: { calls: 5 }, window: 'total', per: 'agent' }),
  of('ToolServer', 'platform', {
    url: 'https://t.example.com/mcp',
    auth: { type: 'bearer', secretRef: { name: 'platform', key: 'token' } },
    prefix: 'p_',
    tools: [
      { name: 'deploy', inputSchema: { type: 'object', properties: { env: { type: 'string' } } } },
      { name: 'status' },
    ],
  }),
  of('ToolServer', 'hub', {
    url: 'https://h.example.com',
    auth: {
      type: 'oauth',
      grant: 'client_credentials',
      clientId: 'writ',
      secretRef: { name: 'hub', key: 'secret' },
      scopes: ['read'],
    },
    tools: [],
  }),
  of('ToolServer', 'files', {
    transport: 'stdio',
    command: 'mcp-files',
    args: ['.'],
    env: { LEVEL: 'info' },
    tools: [{ name: 'read', inputSchema: { type: 'object', properties: { path: {} } } }],
  }),
  of('AccessPolicy', 'guard', {
    subjects: { agents: ['claude'], apiKeys: ['ci', 'lap*'] },
    tools: [
      {
        name: 'p_deploy',
        server: 'platform',
        approvalWorkflow: 'people',
        rules: [
          { when: 'args.env == "test"', action: 'allow' },
          { name: 'ask', when: 'args.env == "live"', action: 'require_approval' },
          { action: 'deny' },
        ],
      },
      { name: 'p_*', server: 'platform', rules: [{ action: 'allow' }] },
      { name: 'read', rules: [{ when: 'args.path == "x"', action: 'deny' }, { action: 'allow' }] },
    ],
    models: [{ name: 'big', rules: [{ action: 'require_approval', approvalWorkflow: 'judge' }] }],
    resources: [{ uri: 'file:///*', server: 'files', rules: [{ action: 'allow' }] }],
    prompts: [{ name: 'greet', rules: [{ when: 'args.name == "x"', action: 'deny' }] }],
    defaults: { unmatched: 'require_approval', approvalWorkflow: 'judge' },
  }),
  of('PolicyTest', 'claims', {
    cases: [
      { name: 'x', call: { tool: 'read', args: { path: 'y' } }, expect: { action: 'allow' } },
    ],
  }),
  {
    version: '1.0',
    metadata: { name: 'Portable', tags: ['a'] },
    mcp_servers: [
      {
        name: 'Git Hub',
        url: 'https://g.example.com',
        auth_type: 'api_key',
        auth_config: { api_key: ['$', '{KEY}'].join(''), key_name: 'X-Key' },
      },
    ],
    approval_workflows: [
      { name: 'Leads', approver_users: ['ana'], approvals_required: 1, is_default: true },
      {
        name: 'model',
        approval_type: 'ai_driven',
        ai_model: 'large',
        escalation_workflow: 'Leads',
      },
    ],
    tools: [
      {
        name: 'push',
        source: 'Git Hub',
        approval_workflow: 'model',
        conditions: [
          { expression: 'args.force == true', condition_type: 'cel', action: 'deny' },
          { expression: 'args.n > 1', condition_type: 'simple', action: 'allow' },
        ],
      },
      { name: 'push', source: 'mcp' },
    ],
    defaults: { unknown_tools: 'deny', default_approval_workflow: 'Leads' },
  },
]

export type Document = Readonly<Record<string, unknown>>

/** A document of a kind. */
export function of(kind: string, name: string, spec: object): Document {
  return { apiVersion: 'writ.dev/v1alpha1', kind, metadata: { name, namespace: 'default' }, spec }
}
