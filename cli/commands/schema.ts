import { Argument, Command, InvalidArgumentError } from 'commander'
import { anyDocumentSchema, editorSchema } from '../../schemas/editor-schema.ts'
import { kinds } from '../../schemas/kinds.ts'
import type { Kind } from '../../schemas/resource.ts'
import { outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'

/** `writ schema`: the JSON Schema of a kind, for editors and programs. */
export function schemaCommand(terminal: Terminal): Command {
  return new Command('schema')
    .summary('print the JSON Schema of a kind')
    .description('Prints the JSON Schema of a kind, or of every document that Writ reads.')
    .addArgument(new Argument('[kind]', 'the kind, for example AccessPolicy').argParser(kindNamed))
    .addOption(outputOption().default('json'))
    .addHelpText(
      'after',
      '\nExample:\n  $ npx writ schema AccessPolicy > access-policy.schema.json',
    )
    .action((kind: Kind | undefined) => {
      const schema = kind === undefined ? anyDocumentSchema(kinds) : editorSchema(kind)
      terminal.out.line(JSON.stringify(schema, null, 2))
    })
}

function kindNamed(name: string): Kind {
  const kind = kinds.find(candidate => candidate.kind.toLowerCase() === name.toLowerCase())
  if (kind !== undefined) return kind
  throw new InvalidArgumentError(`The kinds are ${kinds.map(one => one.kind).join(', ')}.`)
}
