/** What the controller tells a proxy of itself before anything else: whose its token is. */
export interface ProxyIdentity {
  /** The namespace that it enforces; null for every one. */
  readonly namespace: string | null
  /** The pod that the token is bound to. */
  readonly pod?: string
  readonly serviceAccount?: string
}
