/** Something in force that an export does not say, or says otherwise. Codes are the contract. */
export interface ExportDifference {
  readonly code: ExportDifferenceCode
  /** What whoever reads the export decides otherwise: `stricter`, `looser`, or nothing. */
  readonly effect: 'stricter' | 'looser' | 'none'
  /** A sentence. */
  readonly message: string
  /** The policy that it is about. */
  readonly policy?: string
}

type ExportDifferenceCode =
  /** What no rule table keeps: PolicyTests, comments, descriptions. */
  | 'not_in_force'
  /** People and channels of a version that is in force no more are not kept. */
  | 'people_not_kept'
  /** Hashes of keys. */
  | 'keys'
  /** A policy of the system namespace applies as well. */
  | 'system_policy'
  /** A policy was written in the portable format. */
  | 'was_portable'
  /** A kind that the portable format does not know. */
  | 'no_such_kind'
  /** A policy that is about some callers only. */
  | 'subjects'
  /** A policy that is observed only. */
  | 'observed'
  /** Entries for models, resources or prompts. */
  | 'no_such_entry'
  /** A glob, and it is not known which tools it matches. */
  | 'glob'
  /** A condition about more than the arguments. */
  | 'condition'
  /** Rules of one tool that ask different workflows. */
  | 'workflows_of_tool'
  /** A workflow of which a part cannot be said. */
  | 'workflow'
  /** A condition that cannot be evaluated asks for approval there, and denies here. */
  | 'error_asks'
  /** Names of rules. */
  | 'rule_names'
  /** A server of which a part cannot be said. */
  | 'server'
  /** Where a credential is looked up. */
  | 'credential'
