import { Argument, Command } from 'commander'
import { kinds } from '../../schemas/kinds.ts'
import { anyDocumentSchema, editorSchema } from '../generate/editor-schema.ts'
import { outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'

/** `writ schema`: the JSON Schema of a kind, for editors and programs. */
export function schemaCommand(terminal: Terminal): Command {
  return new Command('schema')
    .summary('print the JSON Schema of a kind')
    .description('Prints the JSON Schema of a kind, or of every document that Writ reads.')
    .addArgument(
      new Argument('[kind]', 'the kind, for example AccessPolicy').choices(
        kinds.map(kind => kind.kind),
      ),
    )
    .addOption(outputOption().default('json'))
    .addHelpText(
      'after',
      '\nExample:\n  $ npx writ schema AccessPolicy > access-policy.schema.json',
    )
    .action((name: string | undefined) => {
      const kind = kinds.find(candidate => candidate.kind === name)
      const schema = kind === undefined ? anyDocumentSchema(kinds) : editorSchema(kind)
      terminal.out.line(JSON.stringify(schema, null, 2))
    })
}
