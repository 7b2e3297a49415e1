import type { GitFailure } from './failure.ts'
import { mostBytesOfPack } from './git-home.ts'
import type { GitProblem, GitProblemCode } from './git-problem.ts'
import { printable } from './printable.ts'

/** Why a fetch failed, as far as what git said tells: it has no codes for it. */
export function refusalOf({ code, said }: GitFailure): GitProblem {
  switch (code) {
    case 'git_missing':
      return problem('git_missing', 'git is not installed here.', 'Install git.')
    case 'timeout':
      return problem('fetch_timeout', 'The repository did not answer in time.')
    case 'output_too_large':
      return problem('source_too_large', 'The repository answers without end.')
    default: {
      const known = wasEnded(said)
        ? sentences[0]
        : sentences.find(([pattern]) => pattern.test(said))
      if (known === undefined) return problem('repository_failed', `Git failed${quote(said)}.`)
      const [, problemCode, message, suggestion] = known
      return problem(problemCode, message, suggestion)
    }
  }
}

/** Whether the kernel ended what unpacks: nobody but its parent then says a word about it. */
function wasEnded(said: string): boolean {
  const lines = said.split('\n').filter(line => /^(fatal|error|remote):/.test(line))
  return lines.length > 0 && lines.every(line => line.endsWith('invalid index-pack output'))
}

function problem(code: GitProblemCode, message: string, suggestion?: string): GitProblem {
  return { code, message, ...(suggestion !== undefined && { suggestion }) }
}

/** The last thing git said, made printable; a server may have written it. */
function quote(said: string): string {
  const lines = said.split('\n').map(line => printable(line, 160))
  const last = lines.findLast(line => /^(fatal|error):/.test(line)) ?? lines.find(Boolean)
  return last === undefined ? '' : `: ${last}`
}

/** What git 2.30 to 2.50 writes, in the order in which it is looked for. */
const sentences: readonly (readonly [RegExp, GitProblemCode, string, string?])[] = [
  [
    /signal 2[459]|File too large|SIGXFSZ|out of memory|unable to create thread|mmap failed/i,
    'source_too_large',
    `The repository has more than ${mostBytesOfPack / 1024 / 1024} MB, or unpacks into more.`,
    'Keep policies in a repository of their own.',
  ],
  [
    /Host key verification failed|No \w+ host key is known|REMOTE HOST IDENTIFICATION/,
    'host_key_unknown',
    'The key of the SSH server is none of knownHosts.',
    'Write the line of its key into knownHosts, once you have checked it.',
  ],
  [
    /couldn't find remote ref|Remote branch .* not found/,
    'branch_gone',
    'The branch is not in the repository.',
    'Push it, or name another branch.',
  ],
  [
    /Authentication failed|could not read (Username|Password)|Permission denied|HTTP (401|403)|returned error: (401|403)|terminal prompts disabled/,
    'credentials_refused',
    'The repository does not accept the credentials.',
    'Put ones that may read it into the secret that secretRef names.',
  ],
  [
    /certificate|SSL_ERROR|TLS/i,
    'certificate_refused',
    'The certificate of the server is not trusted.',
    'Set SSL_CERT_FILE to the certificates that this network trusts.',
  ],
  [
    /unable to update url base from redirection|The requested URL returned error: 30\d|RPC failed; HTTP 30\d/,
    'repository_moved',
    'The server sends to another address, which is not followed.',
    'Write the new address.',
  ],
  [
    /detected dubious ownership/,
    'repository_untrusted',
    'The folder of the repository belongs to another user.',
    'Let the user that runs Writ own it, or serve it over https or ssh.',
  ],
  [
    /does not appear to be a git repository|repository '.*' not found|Repository not found|not a git repository|returned error: 404|no such (file|repository)/i,
    'repository_gone',
    'There is no repository at the address, or the credentials do not show it.',
    'Mend the address or the credentials.',
  ],
  [
    /mismatched algorithms|object format/,
    'object_format',
    'The repository names its objects by SHA-256, which is not read yet.',
    'Use a repository with SHA-1 names.',
  ],
  [
    /corrupt|fsck|bad object|bad tree|missing (blob|tree|commit)|error in object|did not send all necessary objects|invalid index-pack|bad pack|unable to read|Could not read [0-9a-f]{40}|revision walk setup failed|inflate|unresolved deltas|not our ref|index-pack failed/i,
    'history_broken',
    'The repository is broken: objects are missing or damaged.',
    'Run `git fsck` there, and push what is missing.',
  ],
  [
    /Could not resolve|Connection (refused|timed out|reset|closed)|Failed to connect|Network is unreachable|unexpectedly|early EOF|timed out|Operation too slow|returned error: 5\d\d|Empty reply|No route to host/i,
    'repository_unreachable',
    'The server of the repository cannot be reached.',
  ],
]
