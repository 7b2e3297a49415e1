import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { AccountFailure } from './failure.ts'

const derive = promisify(argon2)

/** What RFC 9106 and OWASP recommend where memory is scarce: 19 MiB, two passes, one lane. */
const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const

/** NIST SP 800-63B-4: at least 15 characters where nothing else is asked for, and any that people type. */
const shortest = 15
const longest = 256

/** Throws an AccountFailure for a password that is too short, too long, or the name of the account. */
export function checkPassword(password: string, username: string): void {
  const length = [...password].length
  if (length < shortest || length > longest) {
    throw new AccountFailure(
      'password_unusable',
      `a password has ${shortest} to ${longest} characters`,
    )
  }
  const plain = password.normalize('NFKC').toLowerCase()
  if (new Set(plain).size < 5 || plain.replaceAll(username, '').length < 8) {
    throw new AccountFailure('password_unusable', 'that password is easily guessed')
  }
}

/** The hash of a password in the PHC string format (argon2id). */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const tag = await derive('argon2id', { ...cost, message: bytesOf(password), nonce: salt })
  const { memory, passes, parallelism } = cost
  const parameters = `m=${memory},t=${passes},p=${parallelism}`
  return `$argon2id$v=19$${parameters}$${unpadded(salt)}$${unpadded(tag)}`
}

/** Whether the hash is of this password. A text that is no such hash is of none. */
export async function isPassword(hash: string, password: string): Promise<boolean> {
  const read = parse(hash)
  if (read === null || password.length > 4 * longest) return false
  const { tag, ...parameters } = read
  const derived = await derive('argon2id', { ...parameters, message: bytesOf(password) })
  return timingSafeEqual(derived, tag)
}

const form =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,5}),t=([1-9]\d?),p=([1-9]\d?)\$([\w+/]{11,64})\$([\w+/]{22,86})$/

function parse(
  hash: string,
): (Omit<Argon2Parameters, 'message'> & { readonly tag: Buffer }) | null {
  const [, memory, passes, parallelism, salt = '', tag = ''] = form.exec(hash) ?? []
  if (memory === undefined) return null
  const expected = Buffer.from(tag, 'base64')
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    nonce: Buffer.from(salt, 'base64'),
    tagLength: expected.length,
    tag: expected,
  }
}

/** The same password typed on another keyboard has the same bytes. */
function bytesOf(password: string): Buffer {
  return Buffer.from(password.normalize('NFKC'), 'utf8')
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}
