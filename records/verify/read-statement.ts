import type Type from 'typebox'
import { Compile } from 'typebox/compile'
import { ExportChain, ExportEnd, ExportHeader } from '../../schemas/audit-export.ts'
import { ChainKey, Checkpoint, OmittedRange, Seal } from '../../schemas/chain.ts'

/** Every kind of line of an export that is no entry. */
export type ExportStatement =
  | ExportHeader
  | ExportChain
  | ExportEnd
  | ChainKey
  | Seal
  | Checkpoint
  | OmittedRange

/** Longest line of a statement, in bytes: a checkpoint of a thousand chains and a thousand ranges fits. */
export const mostStatementBytes = 1024 * 1024

const schemas: Readonly<Record<ExportStatement['type'], Type.TSchema>> = {
  'writ.export.v1': ExportHeader,
  'writ.export-chain.v1': ExportChain,
  'writ.export-end.v1': ExportEnd,
  'writ.chain-key.v1': ChainKey,
  'writ.seal.v1': Seal,
  'writ.checkpoint.v1': Checkpoint,
  'writ.omitted.v1': OmittedRange,
}

const checks = new Map(
  Object.entries(schemas).map(([type, schema]) => [type, Compile(schema)] as const),
)

/** Reads a statement of an export; null for what is none, or is not written in the one way it can be. */
export function readStatement(line: string): ExportStatement | null {
  const value = parsed(line)
  const check = checks.get(String(Object(value).type))
  if (check?.Check(value) !== true) return null
  // Spaces, repeated names and other ways to say the same would be changes that no signature sees.
  return JSON.stringify(value) === line ? (value as ExportStatement) : null
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
