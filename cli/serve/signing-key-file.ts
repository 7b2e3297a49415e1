import { readFile } from 'node:fs/promises'
import { CliFailure } from '../failure.ts'

/** The text of a key file, when one is named. Fails with `unreadable`. */
export async function readSigningKey(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new CliFailure(
      'unreadable',
      `cannot read the signing key ${file}: ${String(Object(cause).code)}`,
      'name a file with --signing-key, or leave it out to use the key in the data folder',
      { cause },
    )
  }
}
