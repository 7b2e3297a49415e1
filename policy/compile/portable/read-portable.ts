import { PortablePolicy } from '../../../schemas/portable-policy.ts'
import type { Problem } from '../../../schemas/problem.ts'
import { checkedShape } from '../checked-shape.ts'
import { problemAt } from '../checks/check.ts'
import type { ReadResource } from '../read-resource.ts'
import type { KindName, Resource, Specs } from '../resource.ts'
import type { Path, SourceDocument } from '../source-document.ts'
import { hiddenSections } from './hidden-sections.ts'
import { portableDraft } from './portable-draft.ts'
import { portableNotes } from './portable-notes.ts'
import { serverSpec } from './portable-server.ts'
import { workflowSpec } from './portable-workflow.ts'
import { slug } from './slug.ts'

/** Reads a portable policy file, format version 1.0: a policy, and the workflows and servers it brings. */
export function readPortable(document: SourceDocument, namespace: string): ReadResource {
  const { problems, value, unsure } = checkedShape(PortablePolicy, document)
  const policy = value as PortablePolicy
  const origin = { ...document, unsure }
  const draft = portableDraft(policy, namespace, origin)
  const resources = [
    ...(policy.approval_workflows ?? []).map((workflow, i) =>
      resource('ApprovalWorkflow', workflow, workflowSpec(workflow), ['approval_workflows', i]),
    ),
    ...(policy.mcp_servers ?? []).map((server, i) =>
      resource('ToolServer', server, serverSpec(server), ['mcp_servers', i]),
    ),
  ]
  const notes = [...portableNotes(policy, unsure)].map(({ path, ...said }) =>
    problemAt(origin, path, said),
  )
  return {
    resources,
    hidden: hiddenSections(document.value as object, namespace),
    drafts: [draft],
    problems: [...problems.map(explained), ...notes],
  }

  function resource<K extends KindName>(
    kind: K,
    { name }: { readonly name: string },
    spec: Specs[K],
    path: Path,
  ): Resource<K> {
    const place = () => document.place(path)
    // What is translated was written in other words, so every part of it is at the place of the whole.
    const origin = { file: document.file, place, placeWithin: place, unsure: () => unsure(path) }
    const known = name === '' ? '' : slug(name)
    return { kind, name: known, namespace, spec, origin, portable: true }
  }
}

/** Sections of the format that Writ has other means for, or none. */
const later: ReadonlySet<string> = new Set([
  'model_io',
  'sensitive_data',
  'resource_shares',
  'access_rules',
  'access_rule_mode',
])

function explained(problem: Problem): Problem {
  const [, key = ''] = /^Unknown key "(\w+)"\.$/.exec(problem.message) ?? []
  if (later.has(key)) {
    const message = `${key} is not supported here.`
    return { ...problem, code: 'not_supported', message, suggestion: 'Remove the section.' }
  }
  if (key !== 'approval_policies') return problem
  return { ...problem, suggestion: 'Did you mean "approval_workflows"?' }
}
