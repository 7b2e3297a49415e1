import type { ColumnType, Generated } from 'kysely'
import type { ApprovalEvent, ApprovalVote, Surface } from '../../schemas/approval.ts'
import type { ApprovalState } from '../../schemas/approval-state.ts'
import type { AccountTables } from './account-tables.ts'
import type {
  BudgetChargeRow,
  BudgetCounterRow,
  BudgetLeaseRow,
  BudgetRunRow,
  UsageRow,
} from './budget-rows.ts'
import type { ChainTables } from './chain-tables.ts'
import type { ChatCommandRow } from './chat-tables.ts'
import type { CheckpointTables } from './checkpoint-tables.ts'
import type { CommitTables } from './commit-tables.ts'
import type { CoverageTables } from './coverage-tables.ts'
import type { PushSubscriptionRow } from './delivery-tables.ts'
import type { ForgeDeliveryRow, ForgeLookRow } from './forge-tables.ts'
import type { HaltEventRow, HaltRow } from './halt-tables.ts'
import type { ControllerRow, FenceRow, KubernetesObjectRow } from './kubernetes-tables.ts'
import type { OverrideEventRow, OverrideRow, ReleaseStepRow } from './override-tables.ts'
import type { PeopleTables } from './people-tables.ts'
import type { ProxyNameRow } from './proxy-name-tables.ts'
import type { RecordTables } from './record-rows.ts'
import type { ReviewTables } from './review-tables.ts'
import type { SourceTables } from './source-tables.ts'
import type { RuntimeTokenListRow, RuntimeTokenRow } from './token-tables.ts'
import type { UsageDayRow, UsageSessionRow } from './usage-rows.ts'

/** The tables of the store. */
export interface Database
  extends ReviewTables,
    CommitTables,
    SourceTables,
    PeopleTables,
    CoverageTables,
    RecordTables,
    ChainTables,
    CheckpointTables,
    AccountTables {
  readonly releases: ReleaseRow
  readonly tables: TableRow
  readonly proxies: ProxyRow
  readonly proxy_names: ProxyNameRow
  readonly approval_requests: ApprovalRequestRow
  readonly approval_votes: ApprovalVoteRow
  readonly approval_events: ApprovalEventRow
  readonly approval_links: ApprovalLinkRow
  readonly approval_notifications: ApprovalNotificationRow
  readonly approval_grants: ApprovalGrantRow
  readonly approval_grant_uses: ApprovalGrantUseRow
  readonly push_subscriptions: PushSubscriptionRow
  readonly approval_judgements: ApprovalJudgementRow
  readonly runtime_tokens: RuntimeTokenRow
  readonly runtime_token_lists: RuntimeTokenListRow
  readonly usage: UsageRow
  readonly budget_charges: BudgetChargeRow
  readonly budget_counters: BudgetCounterRow
  readonly budget_leases: BudgetLeaseRow
  readonly budget_runs: BudgetRunRow
  readonly usage_days: UsageDayRow
  readonly usage_sessions: UsageSessionRow
  readonly fences: FenceRow
  readonly controllers: ControllerRow
  readonly kubernetes_objects: KubernetesObjectRow
  readonly forge_deliveries: ForgeDeliveryRow
  readonly forge_looks: ForgeLookRow
  readonly chat_commands: ChatCommandRow
  readonly overrides: OverrideRow
  readonly override_events: OverrideEventRow
  readonly release_steps: ReleaseStepRow
  readonly halts: HaltRow
  readonly halt_events: HaltEventRow
}

export interface ReleaseRow {
  readonly sequence: number
  readonly namespace: string
  readonly digest: string
  readonly commit_id: string | null
  readonly published_at: Date
  readonly key_id: string
  readonly signature: string
  /** Tables that follow by themselves, as JSON; null when none do. */
  readonly next: string | null
  /** Ids of the overrides that are in the table, as JSON; null when none are. */
  readonly overrides: string | null
  /** The sources in a cluster whose objects are in the table, with their commits, as JSON; null when none are. */
  readonly sources: string | null
}

/** The canonical text of a table under its digest. */
interface TableRow {
  readonly digest: string
  readonly body: string
}

export interface ProxyRow {
  readonly id: string
  readonly seen_at: Date
  /** The report as JSON text: as it came, for jsonb does not hold every string. */
  readonly report: string
  /** Namespace that the proxy is for; null for one of all namespaces. */
  readonly namespace: Generated<string | null>
  readonly pod_name: Generated<string | null>
  readonly pod_uid: Generated<string | null>
  /** Tells reports apart without reading them: of all but the state of the journal. */
  readonly digest: Generated<string>
  /** The state of the journal: newer than that in the report. */
  readonly seq: Generated<number>
  readonly shipped: Generated<number>
}

/** A question and where it stands: `question` is what was asked, the rest is there to find and to move it. */
export interface ApprovalRequestRow {
  readonly id: string
  readonly namespace: string
  readonly digest: string
  readonly state: ApprovalState
  /** The proxy that asked first. */
  readonly proxy: string
  readonly agent: string
  readonly server: string | null
  readonly tool: string
  readonly key_sha256: string
  readonly schema_digest: string | null
  /** Names of the workflows that are asked. */
  readonly workflows: readonly string[]
  /** The ApprovalQuestion as JSON. */
  readonly question: string
  /** How the rule that asks is found again in a later table, as JSON; null when it has no rule. */
  readonly rule_print: string | null
  readonly requested_at: Date
  readonly expires_at: Date
  /** When the next thing is due by itself; null when nothing is. */
  readonly next_at: Date | null
  /** Escalations and reminders up to here are done. */
  readonly acted_until: Date
  /** Workflows whose escalation has happened. */
  readonly escalated: readonly string[]
  readonly escalated_at: Date | null
  readonly resolved_at: Date | null
  /** Why it was denied, cancelled or void. */
  readonly reason: string | null
  /** The grant by which it was approved. */
  readonly grant_id: string | null
  readonly consumed_at: Date | null
  /** The proxy that made the call. */
  readonly consumed_by: string | null
  readonly consumed_call: string | null
  readonly outcome: string | null
  /** Counts the changes; the update of it is the lock under which answers are counted. */
  readonly revision: number
  /** Since when its clocks stand still; null while they go. */
  readonly frozen_at: ColumnType<Date | null, Date | null | undefined, Date | null>
  /** For how long they have stood still before that. */
  readonly frozen_ms: ColumnType<number, number | undefined, number>
}

/** `person` is the name that votes once: without namespace, or `ai:` with the workflow and the model of a judge. */
export interface ApprovalVoteRow {
  readonly request_id: string
  readonly person: string
  readonly user_name: string
  readonly decision: ApprovalVote['decision']
  readonly reason: string | null
  readonly surface: Surface
  readonly identity: string
  /** JSON. */
  readonly evidence: string
  readonly teams: readonly string[]
  readonly workflows: readonly string[]
  /** The standing grant that goes with the approval, as JSON. */
  readonly grant_terms: string | null
  readonly at: Date
}

/** What happened, oldest first by `id`; without a request when nobody knows which one was meant. */
export interface ApprovalEventRow {
  readonly id: Generated<number>
  readonly request_id: string | null
  readonly type: ApprovalEvent['type']
  readonly by_name: string | null
  readonly surface: Surface | null
  readonly identity: string | null
  readonly detail: string | null
  /** JSON. */
  readonly evidence: string | null
  readonly at: Date
}

/** A link that lets one person decide one request, once. */
interface ApprovalLinkRow {
  readonly token_sha256: string
  readonly request_id: string
  readonly user_name: string
  readonly channel: string
  readonly created_at: Date
  readonly used_at: Date | null
}

/** How a channel was told, once for each kind, recipient and round. */
export interface ApprovalNotificationRow {
  readonly id: Generated<number>
  readonly request_id: string
  readonly channel: string
  readonly kind: 'created' | 'reminder' | 'escalation' | 'resolved'
  readonly recipient: Generated<string>
  /** Which of several reminders or escalations it is, from 0. */
  readonly round: Generated<number>
  readonly state: 'waiting' | 'sent' | 'failed'
  readonly attempts: Generated<number>
  readonly next_at: Date | null
  readonly error: string | null
  readonly sent_at: Date | null
  readonly external_id: string | null
}

/** A standing answer; its question and approvers are those of `request_id`. */
export interface ApprovalGrantRow {
  readonly id: string
  readonly request_id: string
  readonly namespace: string
  readonly agent: string
  readonly key_sha256: string
  readonly kind: string
  readonly server: string | null
  readonly tool: string
  readonly schema_digest: string | null
  /** The template as JSON: argument to the digest it must have, or to null for any value. */
  readonly args: string
  readonly uses: number
  readonly used: number
  readonly money_argument: string | null
  readonly max_micro_usd: number | null
  readonly spent_micro_usd: number
  readonly created_at: Date
  readonly expires_at: Date
  readonly ended_at: Date | null
  /** Why it ended. */
  readonly reason: string | null
}

interface ApprovalGrantUseRow {
  readonly request_id: string
  readonly grant_id: string
  readonly micro_usd: number
  readonly at: Date
}

/** What the judge of a workflow answered about a request; once there, it is not asked again. */
export interface ApprovalJudgementRow {
  readonly request_id: string
  readonly workflow: string
  readonly model: string
  readonly decision: 'approve' | 'deny' | 'uncertain'
  /** From 0 to 1. */
  readonly confidence: number
  readonly reasoning: string
  /** What it means by the workflow as it was then. */
  readonly ruling: 'approve' | 'deny' | 'escalate'
  readonly at: Date
  /** When the ruling had taken effect; from then on people are told, if there is still a question. */
  readonly settled_at: Date | null
}
