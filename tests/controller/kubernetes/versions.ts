import type { WritObject } from '../../../controller/kubernetes/objects.ts'
import { fileOf, versionOf } from '../../../controller/kubernetes/reconcile/object-file.ts'
import type { SourceFile } from '../../../policy/compile/source-file.ts'

/** An object as the API server has it. */
export function object(
  kind: string,
  name: string,
  spec: object,
  { namespace = 'team-a', generation = 1, uid = `uid-of-${name}` } = {},
): WritObject {
  const metadata = { name, namespace, uid, generation, resourceVersion: '1' }
  return { apiVersion: 'writ.dev/v1alpha1', kind, metadata, spec }
}

/** A policy with one rule for every tool. */
export function policy(
  name: string,
  rule: object,
  some?: Parameters<typeof object>[3],
): WritObject {
  return object('AccessPolicy', name, { tools: [{ name: '*', rules: [rule] }] }, some)
}

/** Objects as files by path. */
export function filesOf(...objects: readonly WritObject[]): ReadonlyMap<string, SourceFile> {
  return new Map(
    objects
      .map(versionOf)
      .map(fileOf)
      .map(file => [file.path, file]),
  )
}
