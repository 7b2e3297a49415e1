import { createHash } from 'node:crypto'
import { type LoadedTable, loading } from '../../policy/decide/load.ts'
import type { TableRelease } from '../../schemas/table-release.ts'
import { TableFailure } from './failure.ts'
import { inSlices } from './in-slices.ts'
import { indexingKeys } from './index-keys.ts'
import type { InForce } from './tables.ts'

/**
 * Bytes become a table in force: they must have the digest that the (verified) release names, be a
 * table, and be of that namespace. Works in slices. Rejects with a TableFailure.
 */
export async function checkTable(release: TableRelease, bytes: Buffer): Promise<InForce> {
  const digest = await inSlices(digesting(bytes))
  if (digest !== release.digest) {
    throw new TableFailure('digest_mismatch', 'the table does not have the digest of its release')
  }
  const table = await load(bytes.toString('utf8'))
  if (table.namespace !== release.namespace) {
    throw new TableFailure('table_malformed', 'the table is of another namespace')
  }
  const keys = await inSlices(indexingKeys(release.namespace, table.table.agents, table.digest))
  return { release, table, keys }
}

async function load(json: string): Promise<LoadedTable> {
  try {
    return await inSlices(loading(json))
  } catch (cause) {
    throw new TableFailure('table_malformed', 'the table cannot be loaded', { cause })
  }
}

function* digesting(bytes: Buffer): Generator<undefined, string> {
  const hash = createHash('sha256')
  for (let at = 0; at < bytes.length; at += 262_144) {
    hash.update(bytes.subarray(at, at + 262_144))
    yield
  }
  return `sha256:${hash.digest('hex')}`
}
