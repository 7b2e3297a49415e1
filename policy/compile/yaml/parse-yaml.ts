import { Composer, type Document, Lexer, type LineCounter, Parser } from 'yaml'

/** Containers inside containers; deeper text is not composed. */
export const deepest = 64

/** A parsed stream, or the offset at which it became too deep. */
export type ParsedYaml =
  | { readonly documents: readonly Document.Parsed[] }
  | { readonly tooDeepAt: number }

/**
 * Composes YAML 1.2 (core schema, no merge keys), counting depth while tokens arrive, so that hostile
 * nesting never reaches the recursive composer. Duplicate keys are for the reader to find.
 */
export function parseYaml(text: string, lines: LineCounter): ParsedYaml {
  countLines(text, lines)
  const parser = new Parser()
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    logLevel: 'silent',
  })
  const documents: Document.Parsed[] = []
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) documents.push(...composer.next(token))
    // A mapping in block style takes one level of the stack, and so does each scalar or list in it.
    if (parser.stack.length > 2 * deepest) return { tooDeepAt: parser.offset }
  }
  for (const token of parser.end()) documents.push(...composer.next(token))
  documents.push(...composer.end(false, text.length))
  return { documents }
}

function countLines(text: string, lines: LineCounter): void {
  lines.addNewLine(0)
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    lines.addNewLine(at + 1)
  }
}
