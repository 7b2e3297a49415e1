import { GitFailure } from './failure.ts'

/** Somebody whose signature counts. */
export interface Signer {
  /** Who it is, for people and for records. */
  readonly name: string
  /** SSH public key on one line, or OpenPGP public key in ASCII armour. */
  readonly key: string
}

/** An SSH public key without its comment, or null for text that is none. */
export function sshKeyOf(text: string): string | null {
  const [, type, key] = sshKey.exec(text.trim()) ?? []
  return type === undefined || key === undefined ? null : `${type} ${key}`
}

const types =
  'ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\\.com|sk-ecdsa-sha2-nistp256@openssh\\.com'
const sshKey = new RegExp(`^(${types}) ([A-Za-z0-9+/]{16,}={0,2})(?: [^\\n]*)?$`)

/** Whether a text is one OpenPGP public key in ASCII armour. */
export function isOpenPgpKey(text: string): boolean {
  const key = text.trim()
  return /^-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n[\s\S]+\r?\n-----END PGP PUBLIC KEY BLOCK-----$/.test(
    key,
  )
}

/**
 * Reads a file of signers: lines as in an allowed_signers file of ssh-keygen, without options other than
 * namespaces="git", and OpenPGP public keys in ASCII armour. Fails with `signer_unusable`: a signer who is not
 * understood is not left out in silence.
 */
export function readSigners(text: string): readonly Signer[] {
  const blocks = text.match(armour) ?? []
  const lines = text.replaceAll(armour, '').split(/\r?\n/)
  return [
    ...lines
      .map(line => line.trim())
      .filter(line => line !== '' && !line.startsWith('#'))
      .map(signerOf),
    ...blocks.map((key, i) => ({ name: `OpenPGP key ${i + 1} of the file`, key })),
  ]
}

const armour = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g

function signerOf(line: string): Signer {
  const [, name = '', rest = ''] = /^(\S+)\s+(?:namespaces="git"\s+)?(.+)$/.exec(line) ?? []
  const key = sshKeyOf(line) ?? sshKeyOf(rest)
  if (key === null) {
    throw new GitFailure('signer_unusable', `This is no signer: ${line.slice(0, 80)}`)
  }
  return { name: sshKeyOf(line) === null ? name : key, key }
}
