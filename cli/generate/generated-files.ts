import { stringify } from 'yaml'
import { anyDocumentSchema, editorSchema } from '../../schemas/editor-schema.ts'
import { kinds, writtenKinds } from '../../schemas/kinds.ts'
import type { Kind } from '../../schemas/resource.ts'
import { chartPage } from './chart-page.ts'
import { customResource } from './custom-resource.ts'
import { withFieldTable } from './field-table.ts'

/** Path from the root of the repository, and what the file must hold. */
export type GeneratedFiles = ReadonlyMap<string, string>

/** Every generated file; `read` gives the present text of a page that is partly written by hand. */
export function generatedFiles(read: (path: string) => string): GeneratedFiles {
  return new Map([
    ...kinds.map(kind => [schemaPath(kind), json(editorSchema(kind))] as const),
    ['schemas/generated/writ.schema.json', json(anyDocumentSchema(kinds))] as const,
    ...[...kinds, ...writtenKinds]
      .filter(kind => kind.served)
      .map(kind => [crdPath(kind), crd(kind)] as const),
    ...[...kinds, ...writtenKinds].map(
      kind => [pagePath(kind), withFieldTable(read(pagePath(kind)), kind)] as const,
    ),
    [chartPage.path, chartPage.text(read)] as const,
  ])
}

/** Where the page of a kind is kept. */
function pagePath(kind: Kind): string {
  return `docs/kinds/${kebab(kind.kind)}.md`
}

function schemaPath(kind: Kind): string {
  return `schemas/generated/${kebab(kind.kind)}.schema.json`
}

function crdPath(kind: Kind): string {
  return `crds/${kind.plural}.yaml`
}

function crd(kind: Kind): string {
  // To kubectl `off` is no word unless it is quoted: it reads YAML 1.1.
  const text = stringify(customResource(kind), {
    version: '1.1',
    lineWidth: 0,
    aliasDuplicateObjects: false,
  })
  return `# Written by \`npm run generate\` from schemas/${kebab(kind.kind)}.ts.\n${text}`
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()
}
