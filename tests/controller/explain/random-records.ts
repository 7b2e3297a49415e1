import { hash } from 'node:crypto'
import { type Recorded, recordedOf } from '../../../controller/replay/recorded.ts'
import {
  noteIn,
  type SessionState,
  SessionStates,
} from '../../../controller/replay/session-states.ts'
import { sideOf } from '../../../controller/replay/side.ts'
import { wholeStretch } from '../../../controller/replay/stretches.ts'
import { compile } from '../../../policy/compile/compile.ts'
import { load } from '../../../policy/decide/load.ts'
import { noHalts } from '../../../proxy/halts/halts.ts'
import { type Account, count, openAccount } from '../../../proxy/mcp/account.ts'
import type { Firewall } from '../../../proxy/mcp/exchange.ts'
import { type JudgedCall, judge, type Subject, subjectOf } from '../../../proxy/mcp/judge.ts'
import type { Caller } from '../../../proxy/mcp/needs.ts'
import { Catalogue } from '../../../proxy/models/candidates.ts'
import { endpoints } from '../../../proxy/models/endpoint.ts'
import type { Errand, Gateway } from '../../../proxy/models/gateway.ts'
import { judgeModel } from '../../../proxy/models/judge-model.ts'
import { modelRequest } from '../../../proxy/models/model-request.ts'
import { EntryTexts, sharedText } from '../../../proxy/record/entry-text.ts'
import type { CallKind } from '../../../schemas/call-kind.ts'
import { randomFrom } from '../../policy/plan/random-tables.ts'
import { conditionsOf } from './conditions-of-facts.ts'

/** A recorded call, with what its session had said of itself in its entries. */
export interface RandomRecord {
  readonly recorded: Recorded
  readonly session: SessionState
  /** What the proxy did decide. */
  readonly decision: JudgedCall['decision']
}

const start = Date.parse('2026-11-21T00:00:00Z')
const agents = ['web', 'cli', 'other']

interface Visit {
  readonly caller: Caller
  readonly account: Account
  readonly protocol: string
  readonly era: 'legacy'
}

/** A random table, and calls as a real proxy judges them by it and writes them down. */
export class RandomWorld {
  readonly side: ReturnType<typeof sideOf>
  readonly #random: () => number
  readonly #table: ReturnType<typeof load>
  readonly #callers: readonly Caller[]
  readonly #states = new SessionStates()
  readonly #catalogue: Catalogue
  #sessions: readonly Omit<Visit, 'era'>[] = []
  #now = start
  #seq = 0

  constructor(seed: number) {
    this.#random = randomFrom(seed)
    const json = this.#compiled()
    this.side = sideOf(json)
    this.#table = load(json)
    const { digest, table } = this.#table
    this.#callers = table.agents.flatMap(agent =>
      agent.apiKeys.map(({ name }) => ({
        ...{ namespace: 'default', agent, apiKey: name, table: digest },
      })),
    )
    this.#catalogue = new Catalogue(table.providers)
  }

  /** The next call, on record. */
  next(): RandomRecord {
    this.#now += Math.floor(this.#random() * 100_000)
    const visit = this.#visit()
    const kind = this.#pick(['tool', 'tool', 'tool', 'model', 'resource', 'prompt'] as const)
    const judged = kind === 'model' ? this.#askModel(visit) : this.#call(kind, visit)
    // Now and then something else is waited for before the entry is written.
    if (this.#chance(0.2)) this.#now += Math.floor(this.#random() * 3000)
    const allowed = judged.decision.action === 'allow'
    const stopped = allowed && this.#chance(0.1)
    const told = { ...judged.entry, action: 'deny' as const, reason: 'budget_exceeded' }
    if (allowed && !stopped) this.#count(visit.account, judged.subject)
    const texts = new EntryTexts(() => this.#now)
    const text = texts.attempt(sharedText(judged, stopped ? told : judged.entry))
    const recorded = recordedOf(this.#line(text), { namespace: '' })
    if (recorded === null) throw new Error(text)
    const session = this.#states.of(recorded, wholeStretch)
    noteIn(session, recorded)
    return { recorded, session, decision: judged.decision }
  }

  #line(text: string): string {
    this.#seq++
    return `{"proxy":"proxy-a","seq":${this.#seq},${text.slice(1)}`
  }

  #count(account: Account, { kind, name }: Subject): void {
    if (kind === 'tool') count(account, name)
    if (kind === 'model') account.modelCalls++
    account.spentMicroUsd += Math.floor(this.#random() * 5000)
  }

  #visit(): Visit {
    if (this.#sessions.length === 0 || this.#chance(0.03)) {
      const caller = this.#pick(this.#callers)
      const account = openAccount(`session-${this.#seq}`, this.#now)
      const protocol = this.#pick(['2025-11-25', '2026-07-28', '2024-11-05'])
      this.#sessions = [...this.#sessions.slice(-7), { caller, account, protocol }]
    }
    const { caller, account, protocol } = this.#pick(this.#sessions)
    return { caller, account, protocol, era: 'legacy' }
  }

  get #shared() {
    const meter = { decision: () => undefined }
    const tables = { current: () => this.#table }
    return { tables, meter, halts: noHalts, now: () => this.#now } as unknown as Firewall & Gateway
  }

  #call(kind: CallKind, client: Visit): JudgedCall {
    const server = this.#pick(['files', 'bank', ''])
    const name = kind === 'resource' ? this.#pick(uris) : this.#pick(names)
    const args = kind === 'resource' ? {} : this.#args()
    const subject = {
      ...subjectOf(kind, server, name),
      args,
      readOnly: kind === 'tool' && this.#chance(0.3),
      destructive: kind === 'tool' && this.#chance(0.3),
      justification: kind === 'tool' ? this.#pick(reasons) : '',
    }
    return judge(this.#shared, { client, params: {} }, subject as Subject)
  }

  #askModel({ caller, account }: Visit): JudgedCall {
    const model = this.#pick(['small', 'large', 'tiny', 'played/small', 'nobody'])
    const tools = ['search', 'mcp', 'look'].filter(() => this.#chance(0.3))
    const body = {
      model,
      messages: [{ role: 'user', content: 'word '.repeat(Math.floor(this.#random() * 60)) }],
      ...(this.#chance(0.5) && { max_tokens: 1 + Math.floor(this.#random() * 3000) }),
      ...(this.#chance(0.5) && { stream: true }),
      ...(tools.length > 0 && {
        tools: tools.map(name => ({ type: 'function', function: { name } })),
      }),
    }
    const [endpoint] = endpoints.filter(({ path }) => path.endsWith('/chat/completions'))
    if (endpoint === undefined) throw new Error('no endpoint')
    const asked = modelRequest(endpoint, Buffer.from(JSON.stringify(body)), () => undefined)
    if ('problem' in asked) throw new Error(asked.problem)
    const [candidate = null] = this.#catalogue.candidates(model)
    return judgeModel(this.#shared, { asked, caller, account } as Errand, candidate)
  }

  #args(): Record<string, unknown> {
    const all: readonly (readonly [string, unknown])[] = [
      ['s', this.#pick(['x', 'y', 'zebra', 3, 'é\u2028"'])],
      ['n', this.#pick([-1, 0, 0.25, 1, 2, 3.5, 'many'])],
      ['list', this.#pick([[1, 2, 3], [], ['a'], [0]])],
      ['o', this.#pick([{ p: 1 }, { p: 2 }, {}, null])],
      ['token', this.#pick(['x', 'sk-abcdefghijklmnopqrstuvwxyz'])],
    ]
    const shares: Readonly<Record<string, number>> = { token: 0.05 }
    const given = all.filter(([name]) => this.#chance(shares[name] ?? 0.6))
    return Object.fromEntries(this.#chance(0.5) ? given : given.toReversed())
  }

  #compiled(): string {
    const policies = Array.from({ length: 1 + Math.floor(this.#random() * 4) }, (_, i) =>
      this.#policy(`p${i}`),
    )
    const { tables, problems } = compile([
      { path: 'world.yaml', text: [...world, ...policies].join('\n---\n') },
    ])
    const json = tables?.get('default')?.json
    if (json === undefined) throw new Error(JSON.stringify(problems))
    return json
  }

  #policy(name: string): string {
    const some = <T>(make: () => T, most: number) =>
      Array.from({ length: Math.floor(this.#random() * (most + 1)) }, make)
    const named = (list: readonly string[]) => ({ name: this.#pick(list) })
    return document('AccessPolicy', name, this.#chance(0.2) ? 'writ-system' : 'default', {
      ...(this.#chance(0.15) && { mode: 'observe' }),
      ...(this.#chance(0.4) && { subjects: { agents: [this.#pick(['web', 'c*', '*'])] } }),
      ...(this.#chance(0.6) && { defaults: this.#outcome('unmatched') }),
      tools: some(() => ({ ...named(globs), ...this.#entry('tool') }), 4),
      models: some(() => ({ ...named(['*', 'small', 't*']), ...this.#entry('model') }), 2),
      resources: some(
        () => ({ uri: this.#pick(['*', 'file:///a*']), ...this.#entry('resource') }),
        2,
      ),
      prompts: some(() => ({ ...named(['*', 'a']), ...this.#entry('prompt') }), 2),
    })
  }

  #entry(kind: CallKind) {
    const rules = Array.from({ length: 1 + Math.floor(this.#random() * 3) }, (_, i) => ({
      name: `rule-${i}`,
      ...(this.#chance(0.85) && { when: this.#condition(kind) }),
      ...this.#outcome('action'),
      ...(this.#chance(0.2) && { message: 'So it is.' }),
    }))
    const tool = kind === 'tool'
    return {
      ...(tool && this.#chance(0.2) && { justification: this.#pick(['required', 'optional']) }),
      ...(this.#chance(0.05) && { enabled: false }),
      rules,
    }
  }

  #condition(kind: CallKind): string {
    const fitting = conditionsOf(kind)
    const [one, other] = [this.#pick(fitting), this.#pick(fitting)]
    const way = this.#random()
    if (way < 0.6) return one
    if (way < 0.7) return `!(${one})`
    return `(${one}) ${way < 0.85 ? '&&' : '||'} (${other})`
  }

  #outcome(name: 'action' | 'unmatched') {
    const action = this.#pick(['allow', 'allow', 'deny', 'require_approval'])
    const workflow = this.#pick(['w1', 'w2', undefined])
    if (action !== 'require_approval' || workflow === undefined) return { [name]: action }
    return { [name]: action, approvalWorkflow: workflow }
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T
  }

  #chance(share: number): boolean {
    return this.#random() < share
  }
}

const globs = ['*', 'a', 'b', 'a*', '*b', 'ab', 'c']
const names = ['a', 'b', 'ab', 'c', 'aab']
const uris = ['file:///a', 'file:///b', 'https://example.com/']
const reasons = ['', '', ' ', 'ticket 7', 'because of the key sk-abcdefghijklmnopqrstuvwxyz']

function document(kind: string, name: string, namespace: string, spec: object): string {
  const metadata = { name, namespace }
  return JSON.stringify({ apiVersion: 'writ.dev/v1alpha1', kind, metadata, spec })
}

const key = (name: string, of: string) => ({ name, sha256: hash('sha256', `${of}/${name}`) })

const world: readonly string[] = [
  ...['default', 'writ-system'].flatMap(namespace => [
    document('ApprovalWorkflow', 'w1', namespace, {}),
    document('ApprovalWorkflow', 'w2', namespace, {}),
  ]),
  document('User', 'ana', 'default', {}),
  document('Team', 'leads', 'default', { members: ['ana'] }),
  ...agents.map((name, i) =>
    document('Agent', name, 'default', {
      ...(i > 0 && { kind: 'bot' }),
      ...(i < 2 && { owner: 'ana', labels: { env: i === 0 ? 'live' : 'test' } }),
      apiKeys: [key('laptop', name), key('ci', name)],
    }),
  ),
  document('ToolServer', 'files', 'default', { url: 'http://127.0.0.1:1/mcp' }),
  document('ToolServer', 'bank', 'default', { url: 'http://127.0.0.1:2/mcp' }),
  document('ModelProvider', 'played', 'default', {
    protocol: 'scripted',
    models: [{ name: 'small', aliases: ['tiny'] }, { name: 'large' }],
  }),
]
