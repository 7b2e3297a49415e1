import type { AccessPolicySpec } from '../../schemas/access-policy.ts'
import type { AgentSpec } from '../../schemas/agent.ts'
import type { ApprovalWorkflowSpec } from '../../schemas/approval-workflow.ts'
import type { BudgetSpec } from '../../schemas/budget.ts'
import type { ModelProviderSpec } from '../../schemas/model-provider.ts'
import type { NotificationChannelSpec } from '../../schemas/notification-channel.ts'
import type { PolicySourceSpec } from '../../schemas/policy-source.ts'
import type { PolicyTestSpec } from '../../schemas/policy-test.ts'
import type { Place } from '../../schemas/problem.ts'
import type { TeamSpec } from '../../schemas/team.ts'
import type { ToolServerSpec } from '../../schemas/tool-server.ts'
import type { UserSpec } from '../../schemas/user.ts'
import type { Path } from './source-document.ts'
import type { SourceFile } from './source-file.ts'

/** What each kind says. */
export interface Specs {
  readonly AccessPolicy: AccessPolicySpec
  readonly ApprovalWorkflow: ApprovalWorkflowSpec
  readonly Budget: BudgetSpec
  readonly ToolServer: ToolServerSpec
  readonly ModelProvider: ModelProviderSpec
  readonly Agent: AgentSpec
  readonly User: UserSpec
  readonly Team: TeamSpec
  readonly NotificationChannel: NotificationChannelSpec
  readonly PolicySource: PolicySourceSpec
  readonly PolicyTest: PolicyTestSpec
}

export type KindName = keyof Specs

/** Where something was written. */
export interface Origin {
  readonly file: SourceFile
  /** Place of a part: a path inside the resource, or the nearest place above it. */
  readonly place: (path: Path, part?: 'key' | 'value') => Place
  /** The place of one character of the text at the path. */
  readonly placeWithin: (path: Path, value: string, character: number) => Place
  /** Whether something at the path, above it or below it is wrong, so that nothing follows from what is not there. */
  readonly unsure: (path: Path) => boolean
}

/**
 * A resource as far as its shape is right, with blanks for what is not; a name or namespace that cannot be
 * told is empty. Paths in its origin begin at the top of its document.
 */
export interface Resource<K extends KindName = KindName> {
  readonly kind: K
  readonly name: string
  readonly namespace: string
  readonly spec: Specs[K]
  readonly origin: Origin
  /** True when it was translated from a portable file, which may lean on things that are not written down. */
  readonly portable: boolean
}

/** What identifies a resource among all; a part that cannot be told is empty. */
export interface Identity {
  readonly kind: KindName | ''
  readonly namespace: string
  readonly name: string
}
