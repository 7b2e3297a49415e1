import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { Override } from '../../schemas/override.ts'
import type { Proposal } from '../change/proposal.ts'
import type { ProposedOverride } from './propose-override.ts'
import type { StoredOverrides } from './stored-overrides.ts'

export interface ProposeOverridesNeeds {
  readonly overrides: Pick<StoredOverrides, 'unproposed' | 'proposed' | 'subscribe'>
  /** Null where there is no forge. */
  readonly propose: (proposed: ProposedOverride, signal: AbortSignal) => Promise<Proposal | null>
  readonly onFailure: (error: unknown) => void
}

/** How long one proposal may take, and how long after a failure it is tried again, ms. */
const lasts = { proposal: 60_000, again: 60_000 }

/** Opens a pull request for every override that stands, beside whatever ends it; a forge that is gone is asked again. */
export function proposeOverrides({
  overrides,
  propose,
  onFailure,
}: ProposeOverridesNeeds): Service {
  let woken = new AbortController()
  const attempt = async (proposed: ProposedOverride, signal: AbortSignal): Promise<void> => {
    const { id } = proposed.override
    const limit = AbortSignal.any([signal, AbortSignal.timeout(lasts.proposal)])
    try {
      const proposal = await propose(proposed, limit)
      if (proposal !== null) await overrides.proposed(id, changeOf(proposal))
    } catch (error) {
      if (signal.aborted) return
      onFailure(error)
      const detail = 'it could not be proposed yet: see the log of the controller'
      await overrides.proposed(id, { state: 'failed', detail }).catch(onFailure)
    }
  }
  return {
    name: 'proposals of overrides',
    async run(signal) {
      const unsubscribe = overrides.subscribe(() => woken.abort())
      while (!signal.aborted) {
        woken = new AbortController()
        for (const proposed of overrides.unproposed()) await attempt(proposed, signal)
        await wait(lasts.again, AbortSignal.any([signal, woken.signal]))
      }
      unsubscribe()
    },
  }
}

function changeOf(proposal: Proposal): NonNullable<Override['change']> {
  switch (proposal.kind) {
    case 'pull_request':
      return { state: 'proposed', url: proposal.url, branch: proposal.branch }
    case 'branch':
      return { state: 'proposed', branch: proposal.branch }
    case 'patch':
    case 'nothing':
      return { state: 'proposed', detail: 'the source says so already' }
  }
}
