import type { SourceFile } from '../../../policy/compile/source-file.ts'
import type { Compiler } from '../../compile/compiler.ts'
import { digestOf, type Standing } from '../../review/content-digest.ts'
import { type OpenReviewing, seenBy } from '../../review/source-reviews.ts'
import { presetBranch } from '../../sources/source-in-force.ts'
import type { NamespaceCompiler } from '../reconcile/compile-namespace.ts'
import { pathOfObject } from '../reconcile/object-file.ts'
import { candidate } from './candidate.ts'
import { idOf, inForceOf, type OpenedSource } from './opened-source.ts'
import type { PolicySourcesNeeds } from './policy-sources.ts'

/** Has the changes of an opened source reviewed; null where it writes a namespace that it may not, which nothing is told of. */
export function reviewSource(
  needs: PolicySourcesNeeds,
  source: OpenedSource,
  open: OpenReviewing,
): ReturnType<OpenReviewing> | null {
  const { systemNamespace, compilation } = needs
  const { spec, owner, repository } = source
  if (!isReviewed(source, systemNamespace)) return null
  let known: { readonly compiler: Compiler; readonly compile: NamespaceCompiler } | null = null
  const compileBy = (compiler: Compiler) => {
    if (known?.compiler !== compiler) known = { compiler, compile: compilation(compiler) }
    return known.compile
  }
  const { branch = presetBranch, path = '' } = spec
  return open({
    sourceId: idOf(source),
    source: { repository, branch, path, inForce: () => inForceOf(needs, source) },
    isSeen: seenBy({ namespace: owner.namespace, spec }, systemNamespace),
    surroundings: () => surroundings(needs, source),
    compileWith: (
      compiler: Compiler,
      files: readonly SourceFile[],
      signal: AbortSignal,
      inForce: Standing,
    ) => candidate({ ...needs, compile: compileBy(compiler) }, source, { files, inForce }, signal),
  })
}

/** Whether changes of a source are reviewed: not where it writes a namespace that is not its own, for a plan tells what is there. */
export function isReviewed(
  { owner, namespace }: Pick<OpenedSource, 'owner' | 'namespace'>,
  systemNamespace: string,
): boolean {
  return namespace === owner.namespace || owner.namespace === systemNamespace
}

/** The objects beside which a candidate would stand, in force or not. */
function surroundings(
  { objects, systemNamespace }: PolicySourcesNeeds,
  { namespace }: OpenedSource,
): string {
  const names = namespace === systemNamespace ? objects.namespaces() : [systemNamespace, namespace]
  const versions = names
    .flatMap(name => objects.in(name))
    .map(object => [pathOfObject(object), object.metadata.uid, object.metadata.generation ?? 0])
  return digestOf(versions.map(version => version.join(' ')).sort())
}
