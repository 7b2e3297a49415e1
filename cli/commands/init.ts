import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { anyDocumentSchema } from '../../schemas/editor-schema.ts'
import { kinds } from '../../schemas/kinds.ts'
import { CliFailure } from '../failure.ts'
import { writeNew } from '../import/write-new.ts'
import { type InitFile, initPlan } from '../init/init-plan.ts'
import { atGithub, remoteOf } from '../init/remote-of.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import { version } from '../version.ts'

interface Options {
  readonly repository?: string
  readonly owner: string
  readonly keep?: true
  readonly output: OutputFormat
}

/** `writ init`: a policy repository to begin with. */
export function initCommand(terminal: Terminal): Command {
  return new Command('init')
    .summary('write a policy repository')
    .description(
      'Writes a policy repository: policies by example with their tests, people, checks for every change, ' +
        'CODEOWNERS, settings for editors. Nothing that is there is overwritten.',
    )
    .argument('[folder]', 'where to write it', '.')
    .option('--repository <name>', 'owner/name at GitHub; as git says where omitted', ownerAndName)
    .option('--owner <login>', 'GitHub login of whoever answers for the policies', login, 'ana')
    .option('--keep', 'leave what is there as it is, and write the rest')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ npx writ init policies-of-acme --repository acme/policies',
    )
    .action(async (folder: string, options: Options) => {
      const { repository, owner } = options
      const remote = repository === undefined ? await remoteOf(folder) : atGithub(repository)
      const schema = `${JSON.stringify(anyDocumentSchema(kinds))}\n`
      const plan = initPlan({ ...(remote ?? somewhere), owner, version, schema })
      const files = plan.filter(({ path }) => !isThere(join(folder, path)))
      if (options.keep !== true) refuseExisting(plan, files)
      for (const { path, text } of files) writeNew(join(folder, path), text)
      print(folder, files, options, terminal)
    })
}

/** Until somebody says where it is. */
const somewhere = atGithub('example/policies')

function refuseExisting(plan: readonly InitFile[], files: readonly InitFile[]): void {
  const there = plan.filter(file => !files.includes(file)).map(({ path }) => path)
  if (there.length === 0) return
  throw new CliFailure(
    'exists',
    `nothing is written, since there is already: ${there.join(', ')}`,
    'name another folder, or leave those as they are with --keep',
  )
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function print(
  folder: string,
  files: readonly InitFile[],
  { output }: Options,
  { out }: Terminal,
): void {
  const paths = files.map(({ path }) => path)
  if (output === 'json') return void out.line(JSON.stringify({ folder, files: paths }))
  for (const path of paths) out.line(join(folder, path))
  const policies = join(folder, 'policies')
  out.line(`\nnext: npx writ check ${policies} && npx writ test ${policies}, then README.md`)
}

function ownerAndName(text: string): string {
  if (/^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/.test(text)) return text
  throw new InvalidArgumentError('It is written as owner/name.')
}

function login(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9-]{0,38}$/.test(text)) return text
  throw new InvalidArgumentError('A login has letters, digits and hyphens.')
}
