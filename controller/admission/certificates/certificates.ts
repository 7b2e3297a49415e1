import type { Service } from '../../../lifecycle/run.ts'

/** What an HTTPS server shows; both PEM. */
export interface ServingCertificate {
  /** The certificate, and those between it and its authority if there are any. */
  readonly cert: string
  readonly key: string
}

/** Looks after the certificate that webhooks are served with. */
export interface Certificates extends Service {
  /** Null before there is one. */
  current(): ServingCertificate | null
  /** Calls the listener with every certificate that takes the place of another; returns how to stop. */
  subscribe(listener: (next: ServingCertificate) => void): () => void
}

/** Holds the certificate of the moment, and tells when it changes. */
export function certificateHolder() {
  const listeners = new Set<(next: ServingCertificate) => void>()
  let held: ServingCertificate | null = null
  return {
    current: () => held,
    hold(next: ServingCertificate): void {
      if (held?.cert === next.cert && held.key === next.key) return
      held = next
      for (const listener of listeners) listener(next)
    },
    subscribe(listener: (next: ServingCertificate) => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
