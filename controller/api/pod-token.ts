/** Whose a projected service account token is, as the API server vouches. */
export interface PodToken {
  readonly namespace: string
  readonly serviceAccount: string
  readonly pod: { readonly name: string; readonly uid: string }
}

/**
 * Whose a token is; null unless it is that of a pod, made for Writ, and good now. `from` is the address that shows it, so
 * that one address keeps nobody else waiting. Rejects with the ControllerFailure `identity_unavailable` when nobody can say.
 */
export type ReviewPodToken = (token: string, from: string) => Promise<PodToken | null>
