import type { Action } from './action.ts'
import type { ApprovalWorkflowSpec } from './approval-workflow.ts'
import type { Expression } from './expression.ts'
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
  readonly at: At
}

export interface TableWorkflow {
  readonly name: string
  readonly spec: ApprovalWorkflowSpec
  readonly at: At
}
