import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GitCall } from './git.ts'
import type { GitHome } from './git-home.ts'
import type { GitProblem } from './git-problem.ts'
import type { RemoteUrl } from './remote-url.ts'

/** What a repository is reached with; read anew for every fetch, so that a secret can be changed. */
export interface Credentials {
  /** `user:password` or a token for https, a private key for ssh; null for none. */
  readonly secret: string | null
  /** Lines as in known_hosts. */
  readonly knownHosts: readonly string[]
}

/** What git is told so that it reaches one place and no other. */
export type Access = Pick<GitCall, 'config' | 'env' | 'protocols'>

/**
 * Gives `use` what git needs to reach the repository, and removes what was written for it afterwards. The
 * secret is in no argument; a key is in a file of mode 0600 that lasts as long as the call.
 */
export async function withAccess<T>(
  url: RemoteUrl,
  { secret, knownHosts }: Credentials,
  home: GitHome,
  use: (access: Access) => Promise<T>,
): Promise<T | { readonly problem: GitProblem }> {
  if (url.scheme === 'file') return use({ protocols: ['file'] })
  if (url.scheme !== 'ssh') return use(overWeb(url, secret))
  if (secret === null) return { problem: noKey }
  const lines = knownHosts.filter(line => !/[\p{Cc}]/u.test(line.replaceAll('\t', ' ')))
  if (lines.length === 0) return { problem: noHosts }
  const folder = await mkdtemp(join(home.folder, 'ssh-'))
  try {
    await writeFile(join(folder, 'key'), `${secret.trim()}\n`, { mode: 0o600 })
    await writeFile(join(folder, 'known_hosts'), `${lines.join('\n')}\n`, { mode: 0o600 })
    return await use({ protocols: ['ssh'], env: { GIT_SSH_COMMAND: sshCommand(folder) } })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function overWeb(url: RemoteUrl, secret: string | null): Access {
  const protocols = [url.scheme]
  if (secret === null) return { protocols }
  const pair = secret.includes(':') ? secret : `x-access-token:${secret}`
  const basic = Buffer.from(pair.trim()).toString('base64')
  const origin = `${url.scheme}://${url.host}/`
  return { protocols, config: [[`http.${origin}.extraHeader`, `Authorization: Basic ${basic}`]] }
}

/** Nothing of the user's own SSH is used, no agent is asked, and only a key that is pinned is believed. */
function sshCommand(folder: string): string {
  const options = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile="${join(folder, 'known_hosts')}"`,
    'GlobalKnownHostsFile=/dev/null',
    'UpdateHostKeys=no',
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'PreferredAuthentications=publickey',
    'ForwardAgent=no',
    'ForwardX11=no',
    'ClearAllForwardings=yes',
    'PermitLocalCommand=no',
    'ControlMaster=no',
    'ControlPath=none',
    'CanonicalizeHostname=no',
    'ConnectTimeout=15',
    'ServerAliveInterval=10',
    'ServerAliveCountMax=3',
  ]
  const words = ['ssh', '-F', '/dev/null', '-i', join(folder, 'key')]
  return [...words, ...options.flatMap(option => ['-o', option])].map(shellWord).join(' ')
}

function shellWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

const noKey: GitProblem = {
  code: 'credentials_missing',
  message: 'A repository over SSH needs a private key.',
  suggestion: 'Put one into a secret and name it as secretRef.',
}

const noHosts: GitProblem = {
  code: 'host_key_unknown',
  message: 'A repository over SSH needs the keys of its server.',
  suggestion: 'Write them as knownHosts, once you have checked them.',
}
