import { type Fence, fenceOf } from '../store/fence.ts'
import { failedWith } from './failure.ts'
import type { Kube } from './kube.ts'
import type { KubeObject, KubeResource } from './kube-object.ts'

/** The Lease as its holder wrote it last. */
export interface HeldLease {
  readonly version: string
  readonly spec: LeaseSpec
  /** What the holder may write in the store; no two terms have the same. */
  readonly fence: Fence
}

interface LeaseSpec {
  readonly holderIdentity: string
  readonly leaseDurationSeconds: number
  /** How often the Lease was taken, also by who held it before. */
  readonly leaseTransitions: number
  readonly acquireTime: string
  readonly renewTime: string
}

/** The one Lease for which replicas compete. Every method rejects with a KubeFailure. */
export interface Lease {
  /** Takes it when nobody holds it; null while somebody does, or when somebody was faster. */
  acquire(): Promise<HeldLease | null>
  /** Null when somebody else holds it by now. */
  renew(held: HeldLease): Promise<HeldLease | null>
  /** Lets the next one take it at once. */
  release(held: HeldLease): Promise<void>
}

export interface LeaseNeeds {
  readonly kube: Pick<Kube, 'get' | 'create' | 'replace'>
  readonly address: { readonly namespace: string; readonly name: string }
  /** Names this process; after a restart the same name takes it again at once. */
  readonly identity: string
  readonly durationMs: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

const leases: KubeResource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' }

/** A Lease of coordination.k8s.io, competed for as the leader election of client-go does it. */
export function openLease(needs: LeaseNeeds): Lease {
  const { kube, address, identity, durationMs, now } = needs
  const isFree = freedom(needs)

  const write = async (spec: LeaseSpec, version: string | null): Promise<HeldLease | null> => {
    try {
      return heldOf(await put(kube, address, spec, version))
    } catch (error) {
      if (failedWith(error, 'conflict', 'already_exists')) return null
      throw error
    }
  }

  return {
    async acquire() {
      const present = await kube.get(leases, address)
      if (present !== null && !isFree(present)) return null
      const leaseTransitions = Number(Object(present?.spec).leaseTransitions ?? 0) + 1
      const time = microTime(now())
      const times = { acquireTime: time, renewTime: time }
      const leaseDurationSeconds = durationMs / 1000
      return write(
        { holderIdentity: identity, leaseDurationSeconds, leaseTransitions, ...times },
        present?.metadata.resourceVersion ?? null,
      )
    },
    async renew({ spec, version }) {
      const renewed = { ...spec, renewTime: microTime(now()) }
      const written = await write(renewed, version)
      if (written !== null) return written
      const present = await kube.get(leases, address)
      const { holderIdentity, leaseTransitions } = Object(present?.spec)
      const isOurs = holderIdentity === identity && leaseTransitions === spec.leaseTransitions
      // An earlier try may have been written without its answer getting here.
      return present !== null && isOurs ? write(renewed, present.metadata.resourceVersion) : null
    },
    async release({ spec, version }) {
      await write({ ...spec, holderIdentity: '', leaseDurationSeconds: 1 }, version)
    },
  }
}

/**
 * Whether a Lease may be taken. The clock of the holder is not believed: a Lease is over when it was not
 * renewed for as long as it holds while this process looked on.
 */
function freedom({ identity, now }: LeaseNeeds): (lease: KubeObject) => boolean {
  let seen = { version: '', at: 0 }
  return ({ metadata, spec }) => {
    const { holderIdentity = '', leaseDurationSeconds = 0 } = Object(spec)
    if (holderIdentity === '' || holderIdentity === identity) return true
    const version = metadata.resourceVersion
    if (seen.version !== version) seen = { version, at: now() }
    return now() - seen.at > leaseDurationSeconds * 1000
  }
}

function put(
  kube: LeaseNeeds['kube'],
  address: LeaseNeeds['address'],
  spec: LeaseSpec,
  resourceVersion: string | null,
): Promise<KubeObject> {
  const type = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
  if (resourceVersion === null) {
    const { namespace } = address
    return kube.create(leases, { namespace }, { ...type, metadata: address, spec })
  }
  const metadata = { ...address, resourceVersion }
  return kube.replace(leases, address, { ...type, metadata, spec })
}

function heldOf({ metadata, spec: written }: KubeObject): HeldLease {
  const spec: LeaseSpec = Object(written)
  const creationTimestamp = new Date(metadata.creationTimestamp ?? 0)
  return {
    version: metadata.resourceVersion,
    spec,
    fence: fenceOf({ ...spec, creationTimestamp }),
  }
}

/** A time with microseconds, as Leases have it. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
