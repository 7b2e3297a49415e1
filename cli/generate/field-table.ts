import type { Kind } from '../../schemas/resource.ts'
import { type SchemaNode, schemaNode } from './schema-node.ts'

const start = '<!-- fields: written by `npm run generate` -->'
const end = '<!-- end of fields -->'

/** The page with the table of fields of the kind between its two markers; the rest stays as it is. */
export function withFieldTable(page: string, kind: Kind): string {
  return withTable(page, fieldTable(kind), kind.kind)
}

/** The page with the table between its two markers; throws with the name of the page when it lacks them. */
export function withTable(page: string, table: string, name: string): string {
  const from = page.indexOf(start)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new TypeError(`the page of ${name} lacks its markers`)
  return `${page.slice(0, from + start.length)}\n\n${table}\n${page.slice(to)}`
}

/** A Markdown table, aligned, with a row for each field of the spec of a kind. */
export function fieldTable(kind: Kind): string {
  return markdownTable([header, ...rowsOf(schemaNode(kind.spec), '')])
}

/** A Markdown table, aligned; the first row is its head, and all have as many cells. */
export function markdownTable(texts: readonly (readonly string[])[]): string {
  const rows = texts.map(row => row.map(cell))
  const columns = rows[0] ?? []
  const widths = columns.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  const line = (cells: readonly string[], fill: string) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`
  const [head = '', ...body] = rows.map(row => line(row, ' '))
  const under = columns.map(() => '')
  return [head, line(under, '-'), ...body, ''].join('\n')
}

const header = ['field', 'type', 'default', 'what it says']

type Row = readonly [field: string, type: string, preset: string, description: string]

function rowsOf(node: SchemaNode, path: string): Row[] {
  const required = new Set(node.required ?? [])
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const field = path === '' ? name : `${path}.${name}`
    return [rowOf(field, child, required.has(name)), ...rowsBelow(child, field)]
  })
}

function rowsBelow(node: SchemaNode, field: string): Row[] {
  return node.items === undefined ? rowsOf(node, field) : rowsOf(node.items, `${field}[]`)
}

function rowOf(field: string, node: SchemaNode, required: boolean): Row {
  const preset = node.default === undefined ? '' : code(String(node.default))
  return [code(field), typeOf(node), required ? 'required' : preset, node.description ?? '']
}

function typeOf(node: SchemaNode): string {
  if (node.enum !== undefined) return node.enum.map(word => code(String(word))).join(', ')
  if (node.items !== undefined) return `list of ${typeOf(node.items)}`
  if (node.patternProperties !== undefined) return 'map'
  return node.type ?? 'any'
}

function code(text: string): string {
  return `\`${text}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
