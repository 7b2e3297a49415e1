import type {
  PortablePolicy,
  PortableServer,
  PortableTool,
  PortableWorkflow,
} from '../../../schemas/portable-policy.ts'
import type { Said } from '../checks/check.ts'
import type { Origin } from '../resource.ts'
import type { Path } from '../source-document.ts'
import { unserved } from './portable-draft.ts'
import { credentialOf, variableOf } from './portable-server.ts'

/** Something to say about a part of a portable file whose shape is right. */
export type Note = Said & { readonly path: Path }

/**
 * Where a portable file says what it cannot mean, or what is not read; nothing that follows from what is
 * unsure.
 */
export function* portableNotes(policy: PortablePolicy, unsure: Unsure): Iterable<Note> {
  for (const [i, server] of (policy.mcp_servers ?? []).entries()) {
    yield* serverNotes(server, ['mcp_servers', i], unsure)
  }
  for (const [i, workflow] of (policy.approval_workflows ?? []).entries()) {
    yield* workflowNotes(workflow, ['approval_workflows', i], unsure)
  }
  for (const [i, tool] of (policy.tools ?? []).entries()) yield* toolNotes(tool, ['tools', i])
  if (policy.defaults?.inherit_from_parent === false) {
    yield ignored(['defaults', 'inherit_from_parent'], 'Every policy of the namespace is enforced.')
  }
  const defaults = (policy.approval_workflows ?? []).filter(({ is_default }) => is_default)
  if (defaults.length > 1) {
    yield wrong(['approval_workflows'], 'two_defaults', 'Only one workflow can be the default.')
  }
}

type Unsure = Origin['unsure']

function* serverNotes(server: PortableServer, path: Path, unsure: Unsure): Iterable<Note> {
  if (server.url !== '' && !/^https?:\/\/\S+$|^\$\{\w+\}/.test(server.url)) {
    yield wrong([...path, 'url'], 'schema', 'url must begin with http:// or https://.')
  }
  if (server.transport === 'stdio') {
    yield {
      ...wrong([...path, 'transport'], 'missing_command', 'A stdio server needs a command.'),
      suggestion: 'Write a ToolServer with the command instead.',
    }
  }
  if (!unsure([...path, 'auth_type'])) yield* credentialNotes(server, path, unsure)
}

function* credentialNotes(server: PortableServer, path: Path, unsure: Unsure): Iterable<Note> {
  const credential = credentialOf(server)
  const { text } = credential ?? {}
  if (credential !== null && text === undefined && !unsure([...path, 'auth_config'])) {
    yield wrong(path, 'missing_secret', `auth_config lacks "${credential.key}".`)
  }
  if (credential !== null && text !== undefined && variableOf(text) === undefined) {
    yield {
      severity: 'warning',
      code: 'literal_secret',
      message: 'The credential is written out; it is not read.',
      suggestion: 'Write a reference to an environment variable, and replace the credential.',
      path: [...path, 'auth_config', credential.key],
    }
  }
  const read: readonly string[] = [credential?.key ?? '', 'key_name']
  for (const key of Object.keys(server.auth_config ?? {})) {
    if (!read.includes(key)) yield ignored([...path, 'auth_config', key])
  }
}

function* workflowNotes(workflow: PortableWorkflow, path: Path, unsure: Unsure): Iterable<Note> {
  if (workflow.required_approvals !== undefined && !unsure([...path, 'approvals_required'])) {
    yield workflow.approvals_required === undefined
      ? alias([...path, 'required_approvals'])
      : wrong(
          [...path, 'required_approvals'],
          'two_quorums',
          'Both approvals_required and required_approvals are written.',
        )
  }
  const judged = workflow.ai_model !== undefined || unsure([...path, 'ai_model'])
  if (workflow.approval_type === 'ai_driven' && !judged) {
    yield wrong(path, 'missing_key', 'A workflow that is ai_driven needs an ai_model.')
  }
  if ((workflow.workflow_type ?? 'simple') !== 'simple') {
    yield ignored([...path, 'workflow_type'], 'The workflow asks everybody at once.')
  }
  if (workflow.channel_configs !== undefined) {
    yield ignored([...path, 'channel_configs'], 'Write a NotificationChannel.')
  }
}

function* toolNotes(tool: PortableTool, path: Path): Iterable<Note> {
  if (tool.name.includes('*')) {
    yield {
      ...wrong([...path, 'name'], 'portable_glob', 'Names of tools are exact in this format.'),
      suggestion: 'Write an AccessPolicy to match names by a glob.',
    }
  }
  if (unserved.has((tool.source ?? '').toLowerCase())) {
    yield {
      severity: 'warning',
      code: 'unserved_source',
      message: `Tools of source "${tool.source}" do not pass through Writ, so this guards nothing.`,
      path: [...path, 'source'],
    }
  }
  if (tool.custom_config !== undefined) yield ignored([...path, 'custom_config'])
}

function alias(path: Path): Note {
  return {
    severity: 'warning',
    code: 'portable_alias',
    message: 'required_approvals is read as approvals_required.',
    suggestion: 'Write approvals_required.',
    path,
  }
}

function ignored(path: Path, suggestion?: string): Note {
  return {
    severity: 'warning',
    code: 'not_read',
    message: `${path.at(-1)} is not read.`,
    ...(suggestion === undefined ? {} : { suggestion }),
    path,
  }
}

function wrong(path: Path, code: string, message: string): Note {
  return { severity: 'error', code, message, path }
}
