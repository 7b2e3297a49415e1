import { parseDocument } from 'yaml'
import type { SourceFile } from '../../policy/compile/source-file.ts'
import type { Override } from '../../schemas/override.ts'
import type { ChangedFile } from '../change/changed-file.ts'
import type { Proposal } from '../change/proposal.ts'
import { proposeChange } from '../change/propose-change.ts'
import type { WrittenPolicies } from '../policies/written-policies.ts'
import { documentsIn, keyOf, type PlacedDocument } from './documents.ts'

/** An override with its text. */
export interface ProposedOverride {
  readonly override: Override
  readonly file: SourceFile
}

export interface ProposeOverrideNeeds {
  readonly written: Pick<WrittenPolicies, 'now' | 'target'>
  /** Folder of the policies in their repository; empty for all of it. */
  readonly folder: string
}

/** Namespace of documents in files that name none. */
const fallback = 'default'

/** Proposes to make an override permanent, by a pull request; null where there is no forge to open one. */
export async function proposeOverride(
  { written, folder }: ProposeOverrideNeeds,
  { override, file }: ProposedOverride,
  signal: AbortSignal,
): Promise<Proposal | null> {
  const target = await written.target(signal)
  const now = await written.now(signal)
  if (target?.kind !== 'repository' || target.forge === undefined || now === null) return null
  const files = changedFiles(now, file, folder)
  const { id, by } = override
  const change = { source: target, name: id, files, message: messageOf(override), by: { name: by } }
  return proposeChange({ signal }, change)
}

/** The files of a source with the documents of an override in the place of theirs; others get files of their own. */
export function changedFiles(
  files: readonly SourceFile[],
  override: SourceFile,
  folder: string,
): readonly ChangedFile[] {
  const texts = new Map<string, string>()
  const given = documentsIn(override, fallback).map(document => ({
    document,
    text: textOf(override, document),
  }))
  for (const { document, text } of given) {
    const place = placeOf(files, texts, document)
    if (place === null) {
      const name = `${document.kind}-${document.name}.yaml`.toLowerCase()
      texts.set(folder === '' ? name : `${folder}/${name}`, text)
    } else {
      const { path, whole, from, to } = place
      texts.set(path, whole.slice(0, from) + text + whole.slice(to))
    }
  }
  return [...texts].map(([path, text]) => ({ path, text }))
}

/** Where a document is in the files, as they are changed so far. */
function placeOf(
  files: readonly SourceFile[],
  texts: ReadonlyMap<string, string>,
  wanted: PlacedDocument,
) {
  for (const file of files) {
    const whole = texts.get(file.path) ?? file.text
    if (!whole.includes(wanted.name)) continue
    const found = documentsIn({ ...file, text: whole }, fallback).find(
      document => keyOf(document) === keyOf(wanted),
    )
    if (found !== undefined) return { ...found, path: file.path, whole }
  }
  return null
}

/** The text of one document, which names its namespace unless it is the one of those that name none. */
function textOf({ text }: SourceFile, { from, to, namespace }: PlacedDocument): string {
  const own = `${text.slice(from, to).trimEnd()}\n`
  if (namespace === fallback) return own
  const document = parseDocument(own)
  if (document.getIn(['metadata', 'namespace']) !== undefined) return own
  document.setIn(['metadata', 'namespace'], namespace)
  return document.toString()
}

function messageOf({ id, reason, by, appliedAt, expiresAt }: Override): string {
  return [
    `Keep what override ${id} changed`,
    '',
    reason,
    '',
    `Applied by ${by} at ${appliedAt}. It ends at ${expiresAt}, whether this is merged or not.`,
  ].join('\n')
}
