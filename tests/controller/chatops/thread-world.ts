import type { Test } from 'tap'
import { attemptLimit } from '../../../controller/api/attempt-limit.ts'
import { answerCall } from '../../../controller/chatops/answer-call.ts'
import { answerQuestion } from '../../../controller/chatops/answer-question.ts'
import { ChatCommands } from '../../../controller/chatops/chat-commands.ts'
import { digestInCommand } from '../../../controller/chatops/command.ts'
import type { CommandOutcome } from '../../../controller/chatops/command-outcome.ts'
import { CommandHandlers } from '../../../controller/chatops/commands.ts'
import { explainRecord } from '../../../controller/chatops/explain-record.ts'
import { handleComment } from '../../../controller/chatops/handle-comment.ts'
import type { Forge } from '../../../controller/forge/forge.ts'
import { forgeOf } from '../../../controller/github/forge-of.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import type { ApprovalQuestion, ApprovalRequest } from '../../../schemas/approval.ts'
import { sha256 } from '../approvals/approval-world.ts'
import { type ChannelWorld, channelWorld, quick } from '../channels/channel-world.ts'
import type { Account, Comment, Issue, Repository } from '../github/github-state.ts'
import { type GithubStub, githubStub } from '../github/github-stub.ts'

/** People at GitHub. `mallory` is nobody that policies know. */
const logins = ['ana', 'ben', 'cleo', 'dan', 'mallory'] as const
type Login = (typeof logins)[number]

/** A channel that asks in a thread at the stub, and people who answer there. */
export interface ThreadWorld extends ChannelWorld {
  readonly hub: GithubStub
  readonly store: Store
  readonly repo: Repository
  /** Where questions are asked. */
  readonly thread: Issue
  readonly people: Readonly<Record<Login, Account>>
  /** As whom Writ writes. */
  readonly writ: Account
  /** With the token of Writ. */
  readonly forge: Forge
  readonly handlers: CommandHandlers
  readonly warnings: string[]
  /** Asks, and waits until the question stands in the thread. */
  askHere(workflow?: string, some?: Partial<ApprovalQuestion>): Promise<ApprovalRequest>
  /** Has the comment looked at, as often as it is called. */
  hear(comment: Pick<Comment, 'id'>, repository?: string): Promise<CommandOutcome | null>
  /** What is on record of comments, oldest first. */
  rows(): Promise<readonly { readonly comment_id: number; readonly outcome: string | null }[]>
  /** What Writ wrote besides questions. */
  replies(): readonly string[]
  questionComment(request: Pick<ApprovalRequest, 'id'>): Comment
  publishPeople(change: (text: string) => string): Promise<void>
}

/** The line that answers a request. */
export function line(
  { id, digest }: Pick<ApprovalRequest, 'id' | 'digest'>,
  decision = 'approve',
): string {
  return `/${decision} ${id} ${digestInCommand(digest)}`
}

export interface ThreadWorldOptions {
  /** In a pull request instead of an issue. */
  readonly pull?: boolean
  readonly now?: () => number
}

/** Real approvals, store, channel and client; GitHub is the stub. */
export async function threadWorld(
  t: Test,
  store: Store,
  { pull = false, now }: ThreadWorldOptions = {},
): Promise<ThreadWorld> {
  const hub = await githubStub(t, now === undefined ? {} : { now })
  const people = Object.fromEntries(logins.map(login => [login, hub.user(login)])) as Record<
    Login,
    Account
  >
  const writ = hub.user('writ-of-acme')
  const repo = hub.repository('acme/ops')
  const opening = { by: people.dan, branch: 'work', sha: 'a'.repeat(40), baseSha: 'b'.repeat(40) }
  const thread = pull ? hub.open(repo, opening) : hub.ask(repo, people.dan, 'What agents ask')
  const secrets = { 'github/token': hub.token(writ) }
  const documents = documentsOf(hub, people, thread.number)
  // A question is several requests, and no case is about a channel that takes its time.
  const pace = { ...quick, timeoutMs: 60_000 }
  const world = await channelWorld(t, { store, texts: [documents], secrets, pace })
  world.deliver()
  const forge = forgeOf(
    { repository: 'acme/ops', apiUrl: hub.apiUrl, secretRef: { name: 'github', key: 'token' } },
    { namespace: 'default', now: Date.now, secrets: async () => secrets['github/token'] },
  )
  const clock = () => world.clock.now
  const begun = Date.now()
  // Who has to wait hangs on how the test moves the clock, not on how long it takes.
  const limit = attemptLimit(() => begun + world.clock.now - Date.now())
  const replies = attemptLimit(() => begun + world.clock.now - Date.now())
  const handlers = new CommandHandlers()
  handlers.on('call', answerCall({ db: store.db, approvals: world.approvals }))
  handlers.on('explain', answerQuestion(explainRecord(store.db), limit))
  const warnings: string[] = []
  const handling = {
    ...{ handlers, commands: new ChatCommands(store.db, clock), replies },
    directories: () => world.releases.directories.all(),
    log: { warn: (_: object, message: string) => warnings.push(message) },
  }
  const isQuestion = ({ body }: Comment) => body.startsWith('<!-- writ:question:')
  let asked = 0
  return Object.assign(world, {
    ...{ hub, store, repo, thread, people, writ, forge, handlers, warnings },
    async askHere(workflow = 'one', some: Partial<ApprovalQuestion> = {}) {
      asked += 1
      const policy = `payments-${workflow}`
      const digest = `sha256:${sha256(`question ${asked}`)}`
      const { id } = await world.asked({
        ...{ digest, workflows: [workflow], rule: { policy, rule: 'ask' }, user: 'dan', ...some },
      })
      return world.notified(id, ([first]) => first?.state === 'sent')
    },
    hear: ({ id }: Pick<Comment, 'id'>, repository = 'acme/ops') =>
      handleComment(
        handling,
        forge,
        { origin: hub.apiUrl, repository, commentId: id, deliveryId: 'delivery-1' },
        new AbortController().signal,
      ),
    rows: () =>
      store.db
        .selectFrom('chat_commands')
        .selectAll()
        .orderBy('at')
        .orderBy('comment_id')
        .execute(),
    replies: () =>
      hub
        .comments(thread)
        .filter(comment => comment.author === writ && !isQuestion(comment))
        .map(({ body }) => body),
    questionComment({ id }: Pick<ApprovalRequest, 'id'>) {
      const found = hub
        .comments(thread)
        .find(({ body }) => body.startsWith(`<!-- writ:question:${id} -->`))
      if (found === undefined) throw new Error(`the question ${id} is not in the thread`)
      return found
    },
    publishPeople: (change: (text: string) => string) => world.publish(change(documents)),
  })
}

function user(name: string, { id, login }: Account, spec = '', namespace = 'default'): string {
  return `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ${name}, namespace: ${namespace} }
spec: { identities: { github: { id: ${id}, login: ${login} } }${spec} }
`
}

const workflows: Readonly<Record<string, string>> = {
  one: 'approvers: { users: [ana, ben] }',
  two: 'approvers: { teams: [finance] }, approvalsRequired: 2',
  reasoned: 'approvers: { users: [ana] }, requireReason: true',
}

function documentsOf(
  { apiUrl }: GithubStub,
  { ana, ben, cleo, dan }: ThreadWorld['people'],
  thread: number,
): string {
  return [
    user('ana', ana, ', roles: [owner]'),
    user('ben', ben),
    user('cleo', cleo),
    user('dan', dan),
    `
apiVersion: writ.dev/v1alpha1
kind: Team
metadata: { name: finance }
spec: { members: [ana, ben, dan] }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: { owner: dan, apiKeys: [{ name: laptop, sha256: ${sha256('a key')} }] }
---
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: bank }
spec: { url: "https://bank.example.com/mcp" }
---
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: thread }
spec:
  type: github
  repository: acme/ops
  thread: ${thread}
  secretRef: { name: github, key: token }
  apiUrl: ${apiUrl}
`,
    ...Object.entries(workflows).map(
      ([name, spec]) => `
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: ${name} }
spec: { ${spec}, timeout: 2h, channels: [thread] }
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: payments-${name} }
spec:
  tools:
    - name: pay
      rules: [{ name: ask, when: "args.amount > 5", action: require_approval, approvalWorkflow: ${name} }]
`,
    ),
  ].join('---')
}
