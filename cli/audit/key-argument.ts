import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { keyIdOf } from '../../records/statement.ts'
import { CliFailure } from '../failure.ts'

/** The name of a key that was given as such, in groups or not, or as a PEM file. Fails with `usage` or `unreadable`. */
export async function keyArgument(given: string): Promise<string> {
  const name = given.replaceAll(/[\s:-]/g, '').toLowerCase()
  if (/^[0-9a-f]{32}$/.test(name)) return name
  const pem = await readFile(given, 'utf8').catch(cause => {
    throw new CliFailure('unreadable', `${given} is neither the name of a key nor a file`, '', {
      cause,
    })
  })
  try {
    const spki = createPublicKey(pem).export({ format: 'der', type: 'spki' })
    return keyIdOf(spki.toString('base64'))
  } catch {
    throw new CliFailure('usage', `${given} holds no key in PEM`)
  }
}

/** The name of a key in groups of four, as people compare it. */
export function keyText(id: string): string {
  return (id.match(/.{1,4}/g) ?? []).join(' ')
}
