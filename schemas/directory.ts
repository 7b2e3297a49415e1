import type { ApprovalWorkflowSpec } from './approval-workflow.ts'
import type { ModelProviderSpec } from './model-provider.ts'
import type { NotificationChannelSpec } from './notification-channel.ts'
import type { PolicySourceSpec } from './policy-source.ts'
import type { UserSpec } from './user.ts'

/**
 * Who and what a namespace knows besides its rules: people, teams, workflows, channels, judges. Compiled with
 * the rule table and published with it; only the controller reads it. What the system namespace
 * lends stands under `namespace/name`.
 */
export interface Directory {
  readonly namespace: string
  /** Digest of the rule table that was compiled from the same files. */
  readonly table: string
  /** Sorted by name, like every list here. */
  readonly users: readonly DirectoryEntry<UserSpec>[]
  readonly teams: readonly { readonly name: string; readonly members: readonly string[] }[]
  readonly workflows: readonly DirectoryEntry<ApprovalWorkflowSpec>[]
  readonly channels: readonly DirectoryEntry<NotificationChannelSpec>[]
  readonly providers: readonly DirectoryEntry<ModelProviderSpec>[]
  /** Where policies come from, of this namespace alone; left out when there is none. */
  readonly sources?: readonly DirectoryEntry<PolicySourceSpec>[]
}

interface DirectoryEntry<Spec> {
  readonly name: string
  readonly spec: Spec
}
