import type { Service } from '../../../lifecycle/run.ts'
import { wait } from '../../../lifecycle/wait.ts'

export interface KeepTrustedNeeds {
  /** The authorities that the API server is to trust, PEM; null while they are not known. */
  readonly authorities: () => string | null
  readonly trust: (authorities: string) => Promise<void>
  readonly onFailure: (error: unknown) => void
}

const everyMs = { look: 1000, after: 5000 }
/** Looks after which even what has not changed is told again: somebody may have changed it at the API server. */
const again = 30

/** Makes the API server trust what signs certificates of webhooks: at once when that changes, and again every half a minute. */
export function keepTrusted({ authorities, trust, onFailure }: KeepTrustedNeeds): Service {
  return {
    name: 'trust in webhooks',
    async run(signal) {
      let trusted: string | null = null
      for (let looks = 0; !signal.aborted; looks++) {
        const present = authorities()
        const isDue = present !== null && (present !== trusted || looks % again === 0)
        if (isDue) trusted = await trust(present).then(() => present, failed(onFailure))
        await wait(isDue && trusted === null ? everyMs.after : everyMs.look, signal)
      }
    },
  }
}

function failed(onFailure: (error: unknown) => void) {
  return (error: unknown): null => {
    onFailure(error)
    return null
  }
}
