import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { testFolder } from './repositories.ts'

const exec = promisify(execFile)

/** A key that signs commits: what the policies say of it, and the settings of git that sign with it. */
export interface SigningKeyPair {
  readonly publicKey: string
  readonly config: Readonly<Record<string, string>>
}

/** Makes an SSH key. */
export async function sshSigningKey(t: Test, type = 'ed25519'): Promise<SigningKeyPair> {
  const file = join(await testFolder(t), 'key')
  await exec('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'ana@example.com', '-f', file])
  return {
    publicKey: (await readFile(`${file}.pub`, 'utf8')).trim(),
    config: { 'gpg.format': 'ssh', 'user.signingKey': file, 'commit.gpgSign': 'true' },
  }
}

/** Makes an OpenPGP key in a key ring of its own, with what its owner is called. */
export async function openPgpSigningKey(
  t: Test,
  name = 'Ana <ana@example.com>',
): Promise<SigningKeyPair> {
  // Its agent listens on a socket in the folder, whose path must be short.
  const home = await mkdtemp(join(tmpdir(), 'pgp-'))
  t.teardown(async () => {
    await exec('gpgconf', ['--homedir', home, '--kill', 'all']).catch(() => undefined)
    await rm(home, { recursive: true, force: true })
  })
  const gpg = (...args: string[]) => exec('gpg', ['--homedir', home, '--batch', ...args])
  await gpg('--passphrase', '', '--quick-gen-key', name, 'ed25519', 'sign', 'never')
  const { stdout: publicKey } = await gpg('--armor', '--export')
  const { stdout: listed } = await gpg('--with-colons', '--list-secret-keys')
  const [, fingerprint = ''] = /^fpr:+([0-9A-F]+):/m.exec(listed) ?? []
  const program = join(home, 'gpg')
  await writeFile(program, `#!/bin/sh\nexec gpg --homedir '${home}' "$@"\n`, { mode: 0o700 })
  return {
    publicKey: publicKey.trim(),
    config: {
      'gpg.format': 'openpgp',
      'gpg.program': program,
      'user.signingKey': fingerprint,
      'commit.gpgSign': 'true',
    },
  }
}
