import { PortablePolicy } from './portable-policy.ts'
import { document, type Kind } from './resource.ts'

const dialect = 'http://json-schema.org/draft-07/schema#'

/** The JSON Schema by which an editor checks and completes a document of the kind. */
export function editorSchema(kind: Kind): object {
  return { $schema: dialect, title: kind.kind, ...plain(document(kind)) }
}

/** One JSON Schema for any document that Writ reads: the kind decides which part applies. */
export function anyDocumentSchema(kinds: readonly Kind[]): object {
  return {
    $schema: dialect,
    title: 'Writ',
    description: 'A document that Writ reads: one of its kinds, or a portable policy file.',
    type: 'object',
    properties: {
      kind: { enum: kinds.map(kind => kind.kind), description: 'What the document is.' },
    },
    allOf: [...kinds.map(whenKind), whenNoKind],
  }
}

function whenKind(kind: Kind): object {
  return when({ required: ['kind'], properties: { kind: { const: kind.kind } } }, document(kind))
}

function when(condition: object, consequence: object): object {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  return { if: condition, then: plain(consequence) }
}

const whenNoKind = when({ not: { required: ['kind'] } }, PortablePolicy)

/** What TypeBox keeps for itself stays behind. */
function plain(schema: object): object {
  return JSON.parse(JSON.stringify(schema))
}
