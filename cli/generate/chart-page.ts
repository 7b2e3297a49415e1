import { parse } from 'yaml'
import { markdownTable, withTable } from './field-table.ts'
import type { SchemaNode } from './schema-node.ts'

/** The page of the chart: its table says every value, from the schema, with what values.yaml presets. */
export const chartPage = {
  path: 'charts/writ/README.md',
  text(read: (path: string) => string): string {
    const schema = JSON.parse(read('charts/writ/values.schema.json')) as SchemaNode
    const table = markdownTable([
      ['value', 'preset', 'what it says'],
      ...rowsOf(schema, parse(read('charts/writ/values.yaml')), ''),
    ])
    return withTable(read(chartPage.path), table, 'the chart')
  },
}

/** A row for each value that is no group of others. */
function rowsOf(group: SchemaNode, presets: Readonly<Record<string, unknown>>, path: string) {
  return Object.entries(group.properties ?? {}).flatMap(([name, node]): string[][] => {
    const preset = presets[name]
    const below = Object(preset) as Readonly<Record<string, unknown>>
    if (isGroup(node)) return rowsOf(node, below, `${path}${name}.`)
    const shown = preset === undefined ? '' : `\`${JSON.stringify(preset)}\``
    return [[`\`${path}${name}\``, shown, node.description ?? '']]
  })
}

function isGroup({ properties }: SchemaNode): boolean {
  return properties !== undefined
}
