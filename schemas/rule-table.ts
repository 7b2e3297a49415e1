import type { Action } from './action.ts'
import type { ApprovalWorkflowSpec } from './approval-workflow.ts'
import type { BudgetSpec } from './budget.ts'
import type { Expression } from './expression.ts'
import type { ModelProviderSpec } from './model-provider.ts'
import type { ToolServerSpec } from './tool-server.ts'

/**
 * What the proxy reads: one namespace, compiled. Plain JSON without secrets; the SHA-256 of its
 * canonical form (RFC 8785) is its name. Equal resources give equal bytes in whatever order they came.
 */
export interface RuleTable {
  readonly format: 'writ.dev/rule-table/v1'
  readonly namespace: string
  /** Where things were written; an `At` points into this list. Sorted by path. */
  readonly files: readonly TableFile[]
  /** Sorted by namespace and name. */
  readonly policies: readonly TablePolicy[]
  readonly servers: readonly TableServer[]
  readonly agents: readonly TableAgent[]
  readonly workflows: readonly TableWorkflow[]
  readonly providers: readonly TableProvider[]
  readonly budgets: readonly TableBudget[]
  /** Whence the prices came that no ModelProvider states; absent when none was needed. */
  readonly catalogue?: { readonly source: string; readonly date: string }
}

export interface TableFile {
  readonly path: string
  readonly commit?: string
}

/** Index into `files`, then line and column from 1. */
export type At = readonly [file: number, line: number, column: number]

export interface TablePolicy {
  /** The name; `writ-system/name` for a policy of the system namespace in another one's table. */
  readonly name: string
  /** Set on a policy of the system namespace in another one's table: it narrows and never allows. */
  readonly system?: true
  readonly mode: 'enforce' | 'observe'
  /** Globs; a caller must match each list that is there. */
  readonly subjects?: { readonly agents?: readonly string[]; readonly apiKeys?: readonly string[] }
  /** The verdict, should every policy abstain. */
  readonly unmatched: Fallback
  /** The verdict when a condition cannot be evaluated. */
  readonly onError: Fallback
  readonly tools: readonly TableEntry[]
  readonly models: readonly TableEntry[]
  readonly resources: readonly TableEntry[]
  readonly prompts: readonly TableEntry[]
  readonly at: At
}

export interface Fallback {
  readonly action: Action
  /** Whom to ask when the action is require_approval; empty when nobody is named. */
  readonly workflows: readonly string[]
}

export interface TableEntry {
  /** Name, URI or glob. */
  readonly match: string
  /** Only this server's. */
  readonly server?: string
  /** Any server but this one. */
  readonly notServer?: string
  readonly enabled: boolean
  readonly justification: 'required' | 'optional' | 'off'
  readonly rules: readonly TableRule[]
  /** Speaks instead of the policy's `unmatched` when no rule of this entry matched. */
  readonly otherwise?: Fallback
  /** Speaks instead of the policy's `onError` for conditions of this entry. */
  readonly onError?: Fallback
  /** Shown to clients instead of the server's own description. */
  readonly description?: string
  readonly at: At
}

export interface TableRule {
  /** The given name, else a path such as `tools[0].rules[1]`. */
  readonly name: string
  /** Always matches when absent. */
  readonly when?: Expression
  /** The condition as written. */
  readonly source?: string
  readonly action: Action
  readonly message?: string
  readonly workflows: readonly string[]
  readonly at: At
}

export interface TableServer {
  readonly name: string
  readonly spec: ToolServerSpec
  readonly at: At
}

export interface TableAgent {
  readonly name: string
  readonly kind: string
  /** The owner, or empty. */
  readonly user: string
  /** The owner's teams. */
  readonly groups: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly apiKeys: readonly {
    readonly name: string
    readonly sha256: string
    readonly expires?: string
  }[]
  /** Pods that may call without a key run as one of these; as any one when absent. */
  readonly serviceAccounts?: readonly string[]
  readonly at: At
}

export interface TableWorkflow {
  readonly name: string
  readonly spec: ApprovalWorkflowSpec
  readonly at: At
}

export interface TableProvider {
  readonly name: string
  readonly protocol: ModelProviderSpec['protocol']
  /** Without a slash at its end; absent for a scripted one. */
  readonly baseUrl?: string
  readonly secretRef?: SecretRef
  readonly headers?: Readonly<Record<string, string>>
  readonly responses: 'native' | 'translate'
  /** Longest wait for the first byte of an answer, ms. */
  readonly timeoutMs: number
  readonly models: readonly TableModel[]
  readonly at: At
}

export interface TableModel {
  /** A name, or a glob that lets matching names through as they are. */
  readonly name: string
  /** Name at the provider; absent for a glob. */
  readonly upstream?: string
  readonly aliases: readonly string[]
  /** The smallest is asked first. */
  readonly order: number
  /** Absent when it is not known, which is not the same as zero. */
  readonly price?: TablePrice
  readonly priceFrom?: 'provider' | 'catalogue'
  readonly maxOutputTokens?: number
}

/** Whole micro-USD per million tokens. */
export interface TablePrice {
  readonly input: number
  readonly output: number
  /** Input tokens read from a cache; as `input` when absent. */
  readonly cacheRead?: number
  /** Input tokens written to a cache; as `input` when absent. */
  readonly cacheWrite?: number
  /** Micro-USD per request. */
  readonly request?: number
}

export interface TableBudget {
  readonly name: string
  /** Globs; a call must match each list that is there. */
  readonly scope: Readonly<Partial<Record<BudgetDimension, readonly string[]>>>
  readonly per: BudgetPer
  readonly unit: BudgetUnit
  /** Micro-USD, tokens or calls. */
  readonly limit: number
  readonly window: BudgetWindow
  /** IANA name. */
  readonly timeZone: string
  /** The amount at which people are told. */
  readonly softLimit?: number
  readonly onExceeded: 'deny' | 'require_approval'
  /** Whom to ask; the owners when absent. */
  readonly workflow?: string
  /** What one approval adds to the limit. */
  readonly extension?: number
  readonly fallbackPrice?: TablePrice
  readonly toolPrices: readonly { readonly tool: string; readonly microUsd: number }[]
  readonly at: At
}

export type BudgetDimension =
  | 'agents'
  | 'apiKeys'
  | 'users'
  | 'teams'
  | 'flows'
  | 'models'
  | 'tools'
export type BudgetPer = NonNullable<BudgetSpec['per']>
export type BudgetWindow = BudgetSpec['window']
/** `usd` counts whole micro-USD. */
export type BudgetUnit = keyof BudgetSpec['limit']

interface SecretRef {
  readonly name: string
  readonly key: string
}
