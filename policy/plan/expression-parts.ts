import type { Expression } from '../../schemas/expression.ts'

/** The parts that an expression is made of, one level down. */
export function partsOf(node: Expression): readonly Expression[] {
  switch (node.op) {
    case 'select':
      return [node.of]
    case 'index':
      return [node.of, node.key]
    case 'call':
      return node.args
    case 'list':
      return node.items
    case 'map':
      return node.entries.flat()
    case 'all':
    case 'exists':
    case 'exists_one':
    case 'map_items':
    case 'filter':
      return [node.over, node.each, ...(node.where === undefined ? [] : [node.where])]
    default:
      return []
  }
}
