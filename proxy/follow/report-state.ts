import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { ProxyReport } from '../../schemas/proxy-report.ts'
import type { ControllerLink } from './controller-link.ts'

export interface ReportNeeds {
  readonly controller: ControllerLink
  readonly report: () => ProxyReport
  /** Calls the listener when there is something new to report; returns how to stop. */
  readonly onChange?: (listener: () => void) => () => void
  readonly everyMs?: number
  readonly log: { warn(fields: object, message: string): void }
}

/** Tells the controller how this proxy is: on every change, and every 5 s. */
export function reportState(needs: ReportNeeds): Service {
  const { controller, report, onChange, everyMs = 5000, log } = needs
  let changed = new AbortController()
  let reached = true

  const send = async (signal: AbortSignal) => {
    try {
      const body = report()
      const answer = await controller.send(`/api/v1/proxies/${encodeURIComponent(body.proxy)}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal,
      })
      await answer.body.dump()
      reached = true
    } catch (error) {
      if (reached && !signal.aborted) log.warn({ err: error }, 'state not reported')
      reached = false
    }
  }

  return {
    name: 'state report',
    async run(signal) {
      const stop = onChange?.(() => changed.abort())
      while (!signal.aborted) {
        changed = new AbortController()
        await send(signal)
        await wait(everyMs, AbortSignal.any([signal, changed.signal]))
        await wait(50, signal)
      }
      stop?.()
    },
  }
}
