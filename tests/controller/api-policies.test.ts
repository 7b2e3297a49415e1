import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import type { OpenApi } from '../../controller/api/openapi.ts'
import { answerChecker } from './answer-checker.ts'
import { tokens, until, world } from './world.ts'

const w = await world(t)
const root = join(w.policies, '..')

function git(...args: string[]): string {
  const env = { PATH: process.env.PATH, HOME: w.root, GIT_CONFIG_NOSYSTEM: '1' }
  const person = ['-c', 'user.name=Ben', '-c', 'user.email=ben@example.com']
  return execFileSync('git', [...person, ...args], { cwd: root, env, encoding: 'utf8' }).trim()
}

function commit(message: string): string {
  git('add', '.')
  git('commit', '--quiet', `--message=${message}`)
  return git('rev-parse', 'HEAD')
}

const key = (name: string) => `writ_key_of_${name}`
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const user = (name: string, namespace: string, roles = '') => `---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ${name}, namespace: ${namespace} }
spec: { email: ${name}@example.com, apiKeys: [{ name: laptop, sha256: ${sha256(key(name))} }]${roles} }
`
const policy = (action: string) => `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: deploys }
spec:
  tools:
    - name: deploy_app
      server: platform
      rules:
        - { name: production, when: 'args.environment == "production"', action: ${action}, message: Ask. }
        - { action: allow }
    - { name: "list_*", rules: [{ action: allow }] }
  models: [{ name: "gpt-*", rules: [{ action: allow }] }]
`
const server = `apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: platform }
spec:
  url: https://platform.example.com/mcp?key=hidden
  auth: { type: bearer, secretRef: { name: platform, key: token } }
  prefix: p_
  tools: [{ name: list_apps }, { name: deploy_app, inputSchema: { type: object } }]
`
const foreign = `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: theirs, namespace: other }
spec: { tools: [{ name: secret_tool, rules: [{ action: allow }] }] }
`

git('init', '--quiet', '--initial-branch=main')
w.write('deploys.yaml', policy('deny'))
w.write('server.yaml', server)
w.write(
  'people.yaml',
  user('ana', 'default', ', roles: [owner]') + user('ben', 'default') + user('eve', 'other'),
)
w.write('other.yaml', foreign)
const first = commit('First')
const { url } = await w.startController()
const description = (await (await fetch(new URL('/openapi.json', url))).json()) as OpenApi
const wrong = answerChecker(description)

interface Asked {
  readonly as?: string
  readonly body?: unknown
}

// biome-ignore lint/suspicious/noExplicitAny: tests look at what comes back as it is
async function ask(path: string, { as, body }: Asked = {}): Promise<any> {
  const authorization = `Bearer ${as === undefined ? tokens.admin : key(as)}`
  const method = body === undefined ? 'GET' : 'POST'
  const answer = await fetch(new URL(path, url), {
    method,
    headers: { authorization, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const { status } = answer
  const text = await answer.text()
  const type = answer.headers.get('content-type') ?? ''
  const problem = wrong({ method, path }, { status, type, body: text })
  if (problem !== null) throw new Error(problem)
  return /json/.test(type) ? { status, ...JSON.parse(text) } : { status, text }
}

async function inForce(id: string): Promise<void> {
  await until(async () => {
    const { state, commit } = (await ask('/api/v1/status')).source
    return state === 'in_force' && commit === id
  })
}

await inForce(first)

const validate = '/api/v1/policies/validate'
const diff = '/api/v1/policies/diff'
const file = (path: string, text: string) => ({ files: [{ path, text }] })

t.test('policies are validated together with those that are written', async t => {
  const fine = await ask(validate, {
    as: 'ana',
    body: file('policies/deploys.yaml', policy('allow')),
  })
  t.match(fine, { status: 200, valid: true, errors: [], tables: { default: /^sha256:/ } })
  t.strictSame(Object.keys(fine.tables), ['default'], 'of the namespaces that she sees')
  const broken = policy('require_approval').replace('Ask.', 'Ask., approvalWorkflow: nobody')
  t.match(await ask(validate, { body: file('new.yaml', broken) }), {
    valid: false,
    errors: [{ code: 'unknown_reference', file: 'new.yaml', line: 9 }],
    tables: {},
  })
  const portable =
    'version: "1.0"\nmetadata: { name: more }\ntools: [{ name: t, source: platform }]\n'
  t.match(await ask(validate, { body: file('portable.yaml', portable) }), { valid: true })
  const alone = { ...file('portable.yaml', portable), whole: true }
  t.match(await ask(validate, { body: alone }), {
    valid: false,
    errors: [{ code: 'unknown_reference' }],
  })
})

t.test('nobody asks about namespaces that are not theirs', async t => {
  const body = file('x.yaml', foreign)
  t.match(await ask(validate, { as: 'ana', body }), { status: 403 })
  t.match(await ask(diff, { as: 'ana', body }), { status: 403 })
  t.match(await ask(diff, { as: 'eve', body: { ...body, namespace: 'other' } }), { status: 200 })
  const stolen = await fetch(new URL(validate, url), { method: 'POST', body: '{}' })
  t.equal(stolen.status, 401)
})

t.test('bodies are bounded', async t => {
  const headers = { authorization: `Bearer ${tokens.admin}`, 'content-type': 'application/json' }
  const body = JSON.stringify(file('x.yaml', 'x'.repeat(3 * 1024 * 1024)))
  const answer = await fetch(new URL(validate, url), { method: 'POST', headers, body })
  t.equal(answer.status, 413)
  const many = { files: Array.from({ length: 201 }, (_, i) => ({ path: `${i}.yaml`, text: '' })) }
  t.equal((await ask(validate, { body: many })).status, 400)
})

t.test('what would change for agents is said with an example, nothing else', async t => {
  const body = file('policies/deploys.yaml', policy('allow'))
  t.match(await ask(diff, { as: 'ben', body }), {
    status: 200,
    changed: true,
    narrows: 'unproven',
    plans: [
      {
        namespace: 'default',
        changes: [
          {
            effect: 'widening',
            name: 'deploy_app',
            example: { before: { action: 'deny' }, after: { action: 'allow' } },
          },
        ],
      },
    ],
  })
  const same = file('policies/deploys.yaml', policy('deny'))
  t.match(await ask(diff, { as: 'ben', body: same }), { changed: false, narrows: 'neutral' })
  t.match(await ask(diff, { body: file('policies/deploys.yaml', 'a: [') }), {
    status: 422,
    code: 'broken',
    problems: [{ code: 'yaml', file: 'policies/deploys.yaml' }],
  })
})

t.test('the schema of documents is there for editors', async t => {
  t.match(await ask('/api/v1/policies/schema', { as: 'ben' }), { title: 'Writ' })
  t.match(await ask('/api/v1/policies/schema?kind=Team'), { title: 'Team' })
  t.match(await ask('/api/v1/policies/schema?kind=Nothing'), { status: 404 })
})

t.test('what is in force is exported, and what that does not say is named in it', async t => {
  const kinds = await ask('/api/v1/policies/export', { as: 'ben' })
  t.match(kinds.text, /^# default, sha256:\w+\n# Not said here:\n# - \(stricter\) Hashes of keys/)
  t.notMatch(kinds.text, sha256(key('ana')), 'hashes of keys are for owners')
  const owned = await ask('/api/v1/policies/export', { as: 'ana' })
  t.match(owned.text, sha256(key('ben')))
  const names = parseAllDocuments(kinds.text).map(document => document.toJS().kind)
  t.strictSame(names, ['AccessPolicy', 'ToolServer', 'User', 'User'])
  const portable = await ask(
    '/api/v1/policies/export?format=portable&output=json&namespace=default',
  )
  t.match(parseAllDocuments(portable.yaml)[0]?.toJS(), {
    version: '1.0',
    tools: [
      {
        name: 'deploy_app',
        source: 'platform',
        conditions: [{ action: 'deny', condition_type: 'cel' }],
      },
    ],
    defaults: { unknown_tools: 'deny' },
  })
  t.strictSame(
    new Set(portable.differences.map(({ code }: { code: string }) => code)),
    new Set([
      'no_such_entry',
      'glob',
      'error_asks',
      'rule_names',
      'server',
      'credential',
      'no_such_kind',
    ]),
  )
  t.match(await ask('/api/v1/policies/export'), { status: 400, detail: /default, other/ })
  t.match(await ask('/api/v1/policies/export?namespace=other', { as: 'ben' }), { status: 404 })
})

t.test('servers are told without secrets, and with what proxies say of them', async t => {
  const upstream = {
    ...{ namespace: 'default', name: 'platform', state: 'connected' as const },
    tools: [{ name: 'deploy_app' }, { name: 'scale_app', description: 'Scales.' }],
  }
  const page = await ask('/api/v1/mcp-servers', { as: 'ben' })
  t.strictSame(page, {
    status: 200,
    mcpServers: [
      {
        ...{ id: 'default:platform', namespace: 'default', name: 'platform' },
        ...{ transport: 'streamable-http', url: 'https://platform.example.com/mcp', prefix: 'p_' },
        ...{ authType: 'bearer', authConfig: { secretRef: { name: 'platform', key: 'token' } } },
        ...{ status: 'unknown', tools: 2 },
        at: { file: 'policies/server.yaml', line: 1, column: 1, commit: first },
      },
    ],
    next: null,
  })
  const report = {
    ...{ proxy: 'one', version: '0', startedAt: '2026-11-21T10:00:00Z', enforced: {} },
    ...{ upstreams: [upstream], journal: { seq: 0, shipped: 0 } },
  }
  const headers = { authorization: `Bearer ${tokens.proxy}`, 'content-type': 'application/json' }
  const sent = { method: 'PUT', headers, body: JSON.stringify(report) }
  t.equal((await fetch(new URL('/api/v1/proxies/one', url), sent)).status, 204)
  t.match(await ask('/api/v1/mcp-servers?status=active'), { mcpServers: [{ tools: 2 }] })
  t.match(await ask('/api/v1/mcp-servers?status=error'), { mcpServers: [] })
  t.strictSame(await ask('/api/v1/mcp-servers/default:platform/tools', { as: 'ben' }), {
    ...{ status: 200, from: 'proxy', next: null },
    tools: [
      { name: 'p_deploy_app', ownName: 'deploy_app' },
      { name: 'p_scale_app', ownName: 'scale_app', description: 'Scales.' },
    ],
  })
  const tools = '/api/v1/mcp-servers/default:platform/tools'
  const { next } = await ask(`${tools}?limit=1`)
  t.match(await ask(`${tools}?limit=1&after=${next}`), {
    tools: [{ name: 'p_scale_app' }],
    next: null,
  })
  t.match(await ask(`${tools}?after=x`), { status: 400 })
  t.match(await ask(tools, { as: 'eve' }), { status: 404 })
  t.match(await ask('/api/v1/mcp-servers/default:nothing/tools'), { status: 404 })
})

t.test('tool configurations and rules are told by page, as they are in force', async t => {
  const configurations = await ask('/api/v1/tool-configurations?limit=1', { as: 'ben' })
  t.match(configurations, {
    toolConfigurations: [
      {
        ...{ id: 'default:deploys:tool:0', policy: 'deploys', toolName: 'deploy_app' },
        ...{ toolSource: 'platform', isEnabled: true, justificationMode: 'disabled' },
        accessRules: 2,
        at: { file: 'policies/deploys.yaml', line: 6 },
      },
    ],
  })
  const more = `/api/v1/tool-configurations?limit=1&after=${configurations.next}`
  t.match(await ask(more, { as: 'ben' }), {
    toolConfigurations: [{ toolName: 'list_*', toolSource: 'mcp' }],
    next: null,
  })
  const rules = await ask('/api/v1/access-rules', { as: 'ben' })
  t.strictSame(
    rules.accessRules.map((rule: Record<string, unknown>) => [rule.id, rule.action, rule.name]),
    [
      ['default:deploys:model:0:0', 'allow', 'models[0].rules[0]'],
      ['default:deploys:tool:0:0', 'deny', 'production'],
      ['default:deploys:tool:0:1', 'allow', 'tools[0].rules[1]'],
      ['default:deploys:tool:1:0', 'allow', 'tools[1].rules[0]'],
    ],
  )
  const one = await ask('/api/v1/access-rules?action=deny&toolConfiguration=default:deploys:tool:0')
  t.match(one.accessRules, [
    {
      conditionExpression: 'args.environment == "production"',
      ...{ conditionType: 'cel', description: 'Ask.', priority: 0 },
    },
  ])
  t.match(await ask('/api/v1/access-rules?namespace=other', { as: 'ben' }), { accessRules: [] })
  t.match(await ask('/api/v1/access-rules?nothing=1'), { status: 400 })
})

t.test('a version is gone back to by a branch that nobody has to merge', async t => {
  w.write('deploys.yaml', policy('allow'))
  w.write('more.yaml', policy('deny').replace('deploys', 'more').replace('deploy_app', 'other_app'))
  const second = commit('Second')
  await inForce(second)
  const { versions } = await ask('/api/v1/policies/versions?namespace=default', { as: 'ben' })
  t.match(versions, [
    { namespace: 'default', inForce: true, kept: true, commit: { id: second } },
    { namespace: 'default', inForce: false, kept: true, commit: { id: first } },
  ])
  const past = versions[1].id
  const path = `/api/v1/policies/versions/${past}/rollback`
  t.match(await ask(path, { as: 'ben', body: {} }), { status: 403, code: 'not_an_owner' })
  t.match(await ask(path, { as: 'eve', body: {} }), { status: 404 })
  t.match(await ask('/api/v1/policies/versions/1/rollback', { as: 'ana', body: {} }), {
    status: 404,
  })
  const expected = {
    ...{ status: 200, version: past },
    files: [
      { path: 'policies/deploys.yaml', change: 'written' },
      { path: 'policies/more.yaml', change: 'removed' },
    ],
    plan: { plans: [{ namespace: 'default', changes: [{ name: 'deploy_app' }] }] },
  }
  const preview = await ask(path, { as: 'ana', body: { preview: true } })
  t.match(preview, { ...expected, proposal: null })
  t.equal(git('branch', '--list', 'writ/*'), '')
  const done = await ask(path, { as: 'ana', body: { reason: 'Too much went through.' } })
  const branch = `writ/rollback-default-${past}`
  t.match(done, { ...expected, proposal: { kind: 'branch', where: 'local', branch } })
  t.equal(git('show', `${branch}:policies/deploys.yaml`), policy('deny').trim())
  t.equal(git('log', '-1', '--format=%an <%ae>', branch), 'ana <ana@example.com>')
  t.match(git('log', '-1', '--format=%B', branch), /^Roll default back.*Too much.*by ana\./s)
  t.equal(git('status', '--porcelain'), '', 'the work tree is as it was')
  const exported = await ask(`/api/v1/policies/export?version=${past}&output=json`, { as: 'ben' })
  t.match(exported, { digest: versions[1].digest, yaml: /action: deny/ })
  t.match(exported.differences[2], { code: 'people_not_kept' })
})

t.test('a version says who came and went with it', async t => {
  const people = (more: string) =>
    user('ana', 'default', ', roles: [owner]') +
    user('ben', 'default') +
    user('eve', 'other') +
    more
  const team = (members: string) =>
    `---\napiVersion: writ.dev/v1alpha1\nkind: Team\nmetadata: { name: ops }\nspec: { members: [${members}] }\n`
  w.write('deploys.yaml', policy('require_approval'))
  w.write('people.yaml', people(user('cleo', 'default') + team('ana')))
  await inForce(commit('Third'))
  w.write('people.yaml', people(user('cleo', 'default') + team('ana, cleo')))
  await inForce(commit('Fourth'))
  const { versions } = await ask('/api/v1/policies/versions?namespace=default&limit=2', {
    as: 'ben',
  })
  t.strictSame(
    versions.map((version: { people: unknown }) => version.people),
    [
      {
        count: 1,
        changes: [
          {
            ...{ effect: 'widening', kind: 'team', name: 'ops' },
            message: 'team ops is ana, cleo, was ana',
          },
        ],
      },
      {
        count: 2,
        changes: [
          { effect: 'widening', kind: 'user', name: 'cleo', message: 'user cleo is new' },
          { effect: 'widening', kind: 'team', name: 'ops', message: 'team ops is new' },
        ],
      },
    ],
    'and no hash of a key',
  )
})

t.test('versions come by page', async t => {
  const all = (await ask('/api/v1/policies/versions')).versions
  const page = await ask('/api/v1/policies/versions?limit=1')
  t.strictSame(page.versions, all.slice(0, 1))
  const next = await ask(`/api/v1/policies/versions?limit=200&after=${page.next}`)
  t.strictSame([next.versions, next.next], [all.slice(1), null])
})
