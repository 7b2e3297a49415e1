import { join } from 'node:path'
import type { Kysely } from 'kysely'
import type { Service } from '../../lifecycle/run.ts'
import { auditExportRoute } from '../api/audit-export-route.ts'
import { bundleRoute } from '../api/bundle-route.ts'
import { checkpointRoutes } from '../api/checkpoint-routes.ts'
import type { Route } from '../api/route.ts'
import type { ControllerOptions } from '../controller.ts'
import type { BundleNeeds } from '../export/evidence-bundle.ts'
import type { RemoteUrl } from '../git/remote-url.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { SigningKey } from '../publish/signing-key.ts'
import type { Database } from '../store/database.ts'
import { openCheckpointKeys } from './checkpoint-key.ts'
import { openCheckpointLog } from './checkpoint-log.ts'
import { type CheckpointProgress, checkpointProgress } from './checkpoint-progress.ts'
import { keepCheckpoints } from './keep-checkpoints.ts'
import { keepCopies } from './keep-copies.ts'
import { StoredCheckpoints } from './stored-checkpoints.ts'

/** How checkpoints are made. */
export interface CheckpointOptions {
  /** Ed25519 private key, PKCS #8 PEM; one is made and kept in the data folder when omitted. */
  readonly key?: string
  /** The key before it, as PEM, or `lost` when nobody has it any more. */
  readonly previousKey?: string
  /** How old the newest gets at most while there is something new; a minute when omitted. */
  readonly everyMs?: number
  /** How many entries wait for one at most; 10,000 when omitted. */
  readonly everyEntries?: number
  /** Repository that they are published in. */
  readonly publish?: PublishOptions
}

/** Where checkpoints are published. */
interface PublishOptions {
  readonly url: RemoteUrl
  readonly branch: string
  /** Where its credentials are kept, with the namespace. */
  readonly secret?: { readonly namespace: string; readonly name: string; readonly key: string }
  /** Lines as in known_hosts. */
  readonly knownHosts?: readonly string[]
}

export interface JoinCheckpointsNeeds
  extends Pick<ControllerOptions, 'dataFolder' | 'version' | 'log' | 'checkpoints' | 'secrets'> {
  readonly db: Kysely<Database>
  readonly key: SigningKey
  readonly ledger: Ledger
  readonly now: () => number
  readonly approvals: BundleNeeds['approvals']
  readonly releases: BundleNeeds['releases']
}

/** What the controller has of checkpoints. */
export interface JoinedCheckpoints {
  /** How far they are, for people to see. */
  readonly progress: () => Promise<CheckpointProgress>
  readonly routes: readonly Route[]
  readonly services: readonly Service[]
}

/** Opens the keys and puts together what makes and shows checkpoints. Fails with `checkpoint_key_unusable` or `checkpoint_key_differs`. */
export async function joinCheckpoints(needs: JoinCheckpointsNeeds): Promise<JoinedCheckpoints> {
  const { db, now, log, key, dataFolder, version, ledger, approvals, releases } = needs
  const { checkpoints: options = {} } = needs
  const keys = await openCheckpointKeys({
    ...{ folder: dataFolder, pem: options.key, previous: options.previousKey },
    signingKey: key.publicKey,
  })
  const checkpoints = new StoredCheckpoints({ db, keys, now })
  await checkpoints.open()
  const keeper = keepCheckpoints({
    ...{ checkpoints, now },
    everyMs: options.everyMs ?? 60_000,
    everyEntries: options.everyEntries ?? 10_000,
    onFailure: error => log.warn({ err: error }, 'checkpoint not made'),
  })
  const copies = await copiesOf(needs, checkpoints)
  const exporting = { db, checkpoints, version, now, ledger }
  return {
    progress: () => checkpointProgress({ db, checkpoints, place: copies?.place ?? null }),
    routes: [
      auditExportRoute(exporting),
      bundleRoute({ ...exporting, approvals, releases, signingKey: key.publicKey }),
      ...checkpointRoutes(checkpoints),
    ],
    services: [keeper, ...(copies === null ? [] : [copies.service])],
  }
}

interface PublishedCopies {
  readonly place: string
  readonly service: Service
}

async function copiesOf(
  { db, now, log, dataFolder, secrets, checkpoints: options = {} }: JoinCheckpointsNeeds,
  checkpoints: StoredCheckpoints,
): Promise<PublishedCopies | null> {
  const { publish } = options
  if (publish === undefined) return null
  const { url, branch, secret, knownHosts = [] } = publish
  const place = `${url.place} ${branch}`
  const logged = await openCheckpointLog({
    folder: join(dataFolder, 'checkpoint-log'),
    ...{ url, branch },
    credentials: async () => ({
      secret: secret === undefined ? null : ((await secrets?.(secret.namespace, secret)) ?? null),
      knownHosts,
    }),
    list: (after, limit) => checkpoints.list(after, limit),
  })
  const service = keepCopies({
    ...{ db, checkpoints, log: logged, place, now },
    onFailure: failure => log.warn({ place, failure }, 'checkpoints not published'),
  })
  return { place, service }
}
