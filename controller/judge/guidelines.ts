import type { ApprovalRequest } from '../../schemas/approval.ts'

/** What a judge is told when a workflow gives it no guidelines: by the kind of thing that is called. */
export function defaultGuidelines({ kind, tool }: Pick<ApprovalRequest, 'kind' | 'tool'>): string {
  const known = kind === 'tool' ? kinds.find(({ names }) => names.test(tool)) : undefined
  return known?.text ?? anything
}

const kinds: readonly { readonly names: RegExp; readonly text: string }[] = [
  {
    names: /shell|bash|exec|command|terminal|script/i,
    text: 'A command on a machine. Approve what only looks, builds or tests inside its own folder. Deny what deletes or overwrites widely, reads credentials, changes the system or its users, opens the machine to others, or downloads and runs something. What you cannot read to its end is uncertain.',
  },
  {
    names: /sql|query|database|table/i,
    text: 'A statement to a database. Approve reading that is bounded. Deny dropping, truncating, changing the schema or rights, and changing or deleting rows without a narrow condition. Reading personal data or credentials in bulk is uncertain at best.',
  },
  {
    names: /http|fetch|request|curl|url|browse|download|upload/i,
    text: 'A request over the network. Approve reading from public, well-known addresses. Deny addresses inside a private network or of a cloud metadata service, sending credentials or personal data, and changing something at a place that nothing else in the call explains.',
  },
  {
    names: /file|write|edit|delete|move|path|director|folder/i,
    text: 'Work on files. Approve reading and small changes inside a project. Deny paths that lead out of it, files that hold credentials or keys, files that run by themselves, and deleting more than a few named files.',
  },
]

const anything =
  'Approve what is plainly harmless and can be undone. Deny what loses data, moves money, shows secrets, gives rights or speaks to people in the name of somebody else, unless a fact given here allows it. Anything else is uncertain.'
