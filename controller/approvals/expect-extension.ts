import { extensionDigest } from '../../policy/spend/extension-digest.ts'
import type { ApprovalQuestion } from '../../schemas/approval.ts'
import { ControllerFailure } from '../failure.ts'
import type { KnownTable } from './in-force/known-table.ts'

/**
 * Throws a ControllerFailure when a question about an extension is not what the budget in force says, under the digest
 * that everybody uses for it, or could be answered by a standing grant.
 */
export function expectExtension(question: ApprovalQuestion, table: KnownTable | null): void {
  const { namespace, extension, digest, workflows, argDigests } = question
  if (extension === undefined) return
  const known = table?.extensions.get(extension.budget)
  const same =
    known !== undefined &&
    known.amount === extension.amount &&
    workflows.every(name => name === known.workflow) &&
    argDigests === undefined &&
    digest === extensionDigest({ namespace, ...extension })
  if (same) return
  throw new ControllerFailure(
    'question_conflict',
    `budget ${extension.budget} is not extended so by the table in force`,
  )
}
