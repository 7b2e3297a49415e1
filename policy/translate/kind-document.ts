import type { KindName, Specs } from '../compile/resource.ts'

/** A resource as people write it. */
export interface KindDocument<K extends KindName = KindName> {
  readonly apiVersion: string
  readonly kind: K
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: Specs[K]
}
