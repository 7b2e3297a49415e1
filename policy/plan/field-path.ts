import type { Expression } from '../../schemas/expression.ts'

/** The names on the way to a field of the call; null for anything else. */
export function pathOf(node: Expression): readonly string[] | null {
  switch (node.op) {
    case 'ident':
      return [node.name]
    case 'select':
      return node.test === true ? null : below(node.of, node.field)
    case 'index':
      return node.key.op === 'string' ? below(node.of, node.key.value) : null
    default:
      return null
  }
}

function below(node: Expression, name: string): readonly string[] | null {
  const path = pathOf(node)
  return path && [...path, name]
}
