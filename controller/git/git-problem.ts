/** Why a repository, or its newest commit, is not taken; what is in force stays in force. */
export interface GitProblem {
  readonly code: GitProblemCode
  /** A sentence; nothing in it is secret, and what the server said is made printable and short. */
  readonly message: string
  readonly suggestion?: string
}

/** Codes are the contract; sentences may change. */
export type GitProblemCode =
  | 'git_missing'
  | 'repository_gone'
  | 'repository_moved'
  | 'repository_untrusted'
  | 'object_format'
  | 'repository_unreachable'
  | 'credentials_refused'
  | 'credentials_missing'
  | 'host_key_unknown'
  | 'certificate_refused'
  | 'branch_gone'
  | 'change_gone'
  | 'path_gone'
  | 'history_broken'
  | 'history_rewritten'
  | 'commit_unsigned'
  | 'signer_unknown'
  | 'signature_bad'
  | 'source_too_large'
  | 'fetch_timeout'
  | 'repository_failed'
