import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { GitProblem } from './git-problem.ts'
import type { Mirror } from './mirror.ts'
import { isOpenPgpKey, type Signer, sshKeyOf } from './signers.ts'

/** Who signed a commit, or why nobody known did. */
export type Signature = { readonly signedBy: string } | { readonly problem: GitProblem }

/** Says who of the signers signed a commit that is in the mirror. Git, ssh-keygen and gpg check it; keys of nobody else are known to them. */
export async function signatureOf(
  { git, home }: Pick<Mirror, 'git' | 'home'>,
  commit: string,
  signers: readonly Signer[],
  signal: AbortSignal,
): Promise<Signature> {
  const ring = await openKeyRing(home.folder, signers, signal)
  const answer = await git(
    ['log', '--max-count=1', '--no-mailmap', '--no-color', '--format=%G?%x00%GS%x00%GP', commit],
    {
      signal,
      config: [['gpg.ssh.allowedSignersFile', ring.allowedSigners]],
      env: { GNUPGHOME: ring.folder },
    },
  )
  const [state = '', signer = '', fingerprint = ''] = answer.toString('utf8').trimEnd().split('\0')
  // The name in an OpenPGP key is what its owner likes, and must not pass for somebody else's principal.
  const signedBy = fingerprint ? ring.byFingerprint.get(fingerprint) : ring.byPrincipal.get(signer)
  if (state === 'G' && signedBy !== undefined) return { signedBy }
  return { problem: problemOf(state) }
}

interface KeyRing {
  readonly folder: string
  readonly allowedSigners: string
  readonly byPrincipal: ReadonlyMap<string, string>
  readonly byFingerprint: ReadonlyMap<string, string>
}

/** A folder with the keys of the signers and no others; the one of other signers is removed. */
async function openKeyRing(
  home: string,
  signers: readonly Signer[],
  signal: AbortSignal,
): Promise<KeyRing> {
  const folder = join(home, 'keys')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { mode: 0o700 })
  const allowedSigners = join(folder, 'allowed_signers')
  const principals = signers.flatMap(({ name, key }, i) => {
    const ssh = sshKeyOf(key)
    return ssh === null ? [] : [{ principal: `signer-${i}`, name, ssh }]
  })
  const lines = principals.map(({ principal, ssh }) => `${principal} namespaces="git" ${ssh}\n`)
  await writeFile(allowedSigners, lines.join(''), { mode: 0o600 })
  return {
    folder,
    allowedSigners,
    byPrincipal: new Map(principals.map(({ principal, name }) => [principal, name])),
    byFingerprint: await importOpenPgp(folder, signers, signal),
  }
}

const exec = promisify(execFile)

/** Only what was imported is believed, and nothing is ever fetched. */
const gpgSettings = `batch
no-tty
no-autostart
disable-dirmngr
no-auto-key-locate
no-auto-key-retrieve
trust-model always
`

async function importOpenPgp(
  folder: string,
  signers: readonly Signer[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const keys = signers.filter(({ key }) => isOpenPgpKey(key))
  if (keys.length === 0) return new Map()
  await writeFile(join(folder, 'gpg.conf'), gpgSettings, { mode: 0o600 })
  const names = new Map<string, string>()
  for (const { name, key } of keys) {
    const file = join(folder, 'key.asc')
    await writeFile(file, key, { mode: 0o600 })
    const { stdout } = await exec(
      'gpg',
      ['--import-options', 'import-minimal', '--status-fd', '1', '--import', file],
      {
        env: { PATH: process.env.PATH ?? '', HOME: folder, GNUPGHOME: folder, LC_ALL: 'C' },
        timeout: 10_000,
        maxBuffer: 1024 * 1024,
        signal,
      },
    )
    for (const [, fingerprint = ''] of stdout.matchAll(/^\[GNUPG:\] IMPORT_OK \d+ (\w+)/gm)) {
      names.set(fingerprint, name)
    }
  }
  return names
}

/** What git makes of a signature, by the letter it has for it. */
function problemOf(state: string): GitProblem {
  if (state === 'N') {
    return {
      code: 'commit_unsigned',
      message: 'The newest commit is not signed.',
      suggestion: 'Sign it, as `git commit --amend -S` does, or push a signed one on top.',
    }
  }
  if (state === 'G' || state === 'U' || state === 'E') {
    return {
      code: 'signer_unknown',
      message: 'Nobody who is known in force signed the newest commit.',
      suggestion: 'Let somebody whose signingKeys are in force sign a commit on top.',
    }
  }
  return {
    code: 'signature_bad',
    message:
      'The signature of the newest commit does not hold, or its key has expired or was revoked.',
  }
}
