/** A long-lived part of a process. */
export interface Service {
  readonly name: string
  /** Settles only when the service is fully down. Aborting the signal asks it to stop. */
  run(signal: AbortSignal): Promise<void>
}

/** Runs services together: when one ends, for any reason, all are asked to stop. */
export async function run(services: readonly Service[], signal: AbortSignal): Promise<void> {
  const stop = new AbortController()
  const stopping = AbortSignal.any([signal, stop.signal])
  const endings = await Promise.allSettled(
    services.map(service => service.run(stopping).finally(() => stop.abort())),
  )
  const failures = endings.flatMap(ending => (ending.status === 'rejected' ? [ending.reason] : []))
  if (failures.length > 0) throw new AggregateError(failures, 'a service failed')
}
