import { AccessPolicy } from './access-policy.ts'
import { Agent } from './agent.ts'
import { ApprovalRequest } from './approval-request.ts'
import { ApprovalWorkflow } from './approval-workflow.ts'
import { Budget } from './budget.ts'
import { ModelProvider } from './model-provider.ts'
import { NotificationChannel } from './notification-channel.ts'
import { PolicySource } from './policy-source.ts'
import { PolicyTest } from './policy-test.ts'
import type { Kind } from './resource.ts'
import { Team } from './team.ts'
import { ToolServer } from './tool-server.ts'
import { User } from './user.ts'

/** Every kind that people write, in the order of the documentation. */
export const kinds: readonly Kind[] = [
  AccessPolicy,
  ApprovalWorkflow,
  Budget,
  ToolServer,
  ModelProvider,
  Agent,
  User,
  Team,
  NotificationChannel,
  PolicySource,
  PolicyTest,
]

/** Every kind that the controller alone writes, into the Kubernetes API; files never hold one. */
export const writtenKinds: readonly Kind[] = [ApprovalRequest]
