import type { CheckpointProgress } from '../checkpoints/checkpoint-progress.ts'
import type { StoredHalts } from '../halts/stored-halts.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { StoredOverrides } from '../overrides/stored-overrides.ts'
import type { Proxies } from '../proxies.ts'
import type { Releases } from '../publish/releases.ts'
import type { SharedStore } from '../share-store.ts'
import { leaderOf } from '../store/fence.ts'
import type { Store } from '../store/open-store.ts'
import type { SourceMemory } from './source-state.ts'
import { type Status, statusOf } from './status.ts'

export interface StatusNeeds {
  readonly options: { readonly version: string; readonly now: () => number }
  readonly store: Store
  readonly releases: Releases
  readonly overrides: Pick<StoredOverrides, 'list'>
  readonly halts: Pick<StoredHalts, 'standing'>
  readonly proxies: Proxies
  readonly memory: SourceMemory
  readonly ledger: Ledger
  readonly shared: SharedStore
  /** How far checkpoints of records are. */
  readonly checked: { readonly progress: () => Promise<CheckpointProgress> }
}

/** Proxies whose gaps are looked up, and gaps shown of each. */
const most = { proxies: 10, gaps: 20 }

/** Collects the facts that the status is made of. */
export async function readStatus(needs: StatusNeeds): Promise<Status> {
  const { options, store, releases, proxies, memory, ledger, shared } = needs
  const counts = await ledger.counts()
  const gaps = []
  for (const { proxy } of counts.filter(({ missing }) => missing > 0).slice(0, most.proxies)) {
    gaps.push(...(await ledger.gaps(proxy, most.gaps)))
  }
  return statusOf({
    version: options.version,
    store: store.kind,
    leader: await leaderOf(store.db),
    controllers: await shared.controllers(),
    source: memory.state,
    problems: memory.problems,
    releases: releases.current(),
    overrides: await needs.overrides.list(),
    halts: needs.halts.standing().halts,
    proxies: proxies.list(),
    counts,
    gaps,
    chains: await ledger.chains(),
    checkpoints: await needs.checked.progress(),
    now: options.now(),
  })
}
