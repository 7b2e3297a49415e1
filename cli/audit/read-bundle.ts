import { readFile } from 'node:fs/promises'
import { Value } from 'typebox/value'
import { EvidenceBundle } from '../../schemas/evidence-bundle.ts'
import { CliFailure } from '../failure.ts'

/** The bundle in a file. Fails with `unreadable`. */
export async function readBundle(file: string): Promise<EvidenceBundle> {
  const text = await readFile(file, 'utf8').catch(cause => {
    throw new CliFailure('unreadable', `cannot read ${file}: ${Object(cause).code}`, '', { cause })
  })
  const value = parsed(text)
  if (Value.Check(EvidenceBundle, value)) return value as EvidenceBundle
  throw new CliFailure('unreadable', `${file} is no bundle that \`writ audit bundle\` wrote`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
