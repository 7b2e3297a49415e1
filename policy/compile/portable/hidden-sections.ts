import { PortablePolicy } from '../../../schemas/portable-policy.ts'
import { nearest } from '../nearest.ts'
import type { Identity, KindName } from '../resource.ts'
import { slug } from './slug.ts'

/**
 * What the sections of a portable file most likely bring that are no lists, or stand under a mistyped key;
 * a name that cannot be told is empty.
 */
export function hiddenSections(value: object, namespace: string): readonly Identity[] {
  return Object.entries(value).flatMap(([key, items]) => {
    const section = sectionOf(key)
    const kind = kinds.get(section)
    if (kind === undefined || items === null) return []
    if (!Array.isArray(items)) return [{ kind, namespace, name: '' }]
    return section === key ? [] : items.map(item => ({ kind, namespace, name: nameOf(item) }))
  })
}

const kinds: ReadonlyMap<string, KindName> = new Map([
  ['approval_workflows', 'ApprovalWorkflow'],
  ['mcp_servers', 'ToolServer'],
])

/** The section that a key is, or most likely stands for. */
function sectionOf(key: string): string {
  const known = Object.keys(PortablePolicy.properties)
  if (known.includes(key)) return key
  return key === 'approval_policies'
    ? 'approval_workflows'
    : (nearest(key.slice(0, 300), known) ?? key)
}

function nameOf(item: unknown): string {
  const { name }: { readonly name?: unknown } = Object(item)
  return typeof name === 'string' && name !== '' ? slug(name) : ''
}
