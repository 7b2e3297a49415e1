import type { Kysely } from 'kysely'
import type { EvidenceBundle } from '../../schemas/evidence-bundle.ts'
import type { Record as Entry } from '../../schemas/record.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { questionOf, requestBy } from '../approvals/present.ts'
import { versionThen } from '../explain/version-at.ts'
import type { Database } from '../store/database.ts'
import { callProof } from './call-proof.ts'
import type { ExportNeeds } from './export-lines.ts'
import { releaseBy } from './release-by.ts'

export interface BundleNeeds extends ExportNeeds {
  readonly approvals: Pick<Approvals, 'get'>
  readonly releases: { body(digest: string): Promise<string | null> }
  /** Public half of the key that signs tables. */
  readonly signingKey: string
}

/** Everything that speaks for a call; null when no entry of it is on record. */
export async function evidenceBundle(
  needs: BundleNeeds,
  call: string,
): Promise<EvidenceBundle | null> {
  const { db, version, now, signingKey } = needs
  const entries = await entriesOf(db, call)
  const [first] = entries
  if (first === undefined) return null
  const { proof } = await callProof(needs, call)
  const { approval } = entries.find(entry => entry.approval !== undefined) ?? {}
  return {
    type: 'writ.bundle.v1',
    controller: `writ/${version}`,
    time: new Date(now()).toISOString(),
    ...{ call, proof, signingKey },
    table: await tableOf(needs, first),
    approval: approval === undefined ? null : await approvalOf(needs, approval),
  }
}

/** No call is tried so often. */
const mostEntries = 200

async function entriesOf(db: Kysely<Database>, call: string): Promise<readonly Entry[]> {
  const rows = await db
    .selectFrom('records')
    .select('entry')
    .where('call', '=', call)
    .orderBy('time')
    .orderBy('seq')
    .limit(mostEntries)
    .execute()
  return rows.map(({ entry }) => JSON.parse(entry))
}

async function tableOf(
  { db, releases }: BundleNeeds,
  { table: digest, namespace, time }: Entry,
): Promise<EvidenceBundle['table']> {
  if (digest === undefined) return null
  const version = await versionThen(db, namespace, digest, new Date(time))
  const release = version === null ? null : await releaseBy(db, version.id)
  return { digest, body: await releases.body(digest), release, version }
}

async function approvalOf(
  { db, approvals }: BundleNeeds,
  id: string,
): Promise<EvidenceBundle['approval']> {
  const row = await requestBy(db, id)
  const request = row === null ? null : await approvals.get(id)
  return row === null || request === null ? null : { question: questionOf(row), request }
}
