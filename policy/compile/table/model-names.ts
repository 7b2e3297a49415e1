import { ofKind, type World } from '../world.ts'

/** The names that a model entry or the scope of a budget is about: an alias stands for every model that has it. */
export function modelNames(world: World, namespace: string, match: string): readonly string[] {
  const models = ofKind(world.resources, 'ModelProvider')
    .filter(provider => provider.namespace === namespace)
    .flatMap(({ spec }) => spec.models ?? [])
  const named = models.filter(({ aliases = [] }) => aliases.includes(match)).map(({ name }) => name)
  return named.length === 0 ? [match] : [...new Set([match, ...named])].sort()
}
