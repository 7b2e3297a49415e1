import { Command } from 'commander'
import { CliFailure } from '../failure.ts'
import { fetchText } from '../import/fetch-text.ts'
import { type ImportedFile, importFile } from '../import/import-file.ts'
import { writeNew } from '../import/write-new.ts'
import { namespaceOption } from '../namespace-option.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { lineReader, many, problemCounts, problemText } from '../problem-text.ts'
import { readInput, readSources } from '../source-files.ts'
import { printable, type Terminal } from '../terminal.ts'

interface Options {
  readonly namespace: string
  readonly with: readonly string[]
  readonly to?: string
  readonly output: OutputFormat
}

/** `writ import`: a portable policy file as kinds. */
export function importCommand(terminal: Terminal): Command {
  return new Command('import')
    .summary('turn a portable policy file into kinds')
    .description(
      'Turns a policy file of the portable format (version "1.0") into kinds, with its comments, ' +
        'and names whatever is said otherwise. Ends with 1 when the file does not compile, or what it became does not.',
    )
    .argument('<file>', 'the file, an https:// address, or - for standard input')
    .addOption(namespaceOption())
    .option(
      '--with <paths...>',
      'policies beside it: what is written there is not written again',
      [],
    )
    .option('--to <file>', 'write the kinds there; nothing that is there is overwritten')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ import examples/portable/refunds.yaml')
    .action(async (path: string, options: Options) => {
      const imported = await importOf(path, options, terminal)
      terminal.progress(null)
      const failed = isBroken(imported.before) || imported.documents.length === 0
      if (!failed && options.to !== undefined) writeNew(options.to, imported.text)
      if (options.output === 'json') printJson(imported, options, terminal)
      else printText(imported, { ...options, failed }, terminal)
      terminal.end(failed || isBroken(imported.after) ? 1 : 0)
    })
}

async function importOf(path: string, options: Options, terminal: Terminal) {
  terminal.progress(`reading ${path}`)
  const text = /^\w+:\/\//.test(path) ? await fetchText(path) : await readInput(path, terminal)
  const beside = options.with.length === 0 ? [] : await readSources(options.with, terminal)
  const name = path === '-' ? '<stdin>' : path
  if (beside.some(file => file.path === name)) {
    const remedy = 'name only what stands beside it, or move the file away first'
    throw new CliFailure('usage', `${path} is itself among what --with names`, remedy)
  }
  const { namespace } = options
  const imported = importFile({ path: name, text }, { beside, namespace })
  return { ...imported, files: [{ path: name, text }, ...imported.files] }
}

function isBroken({ tables }: ImportedFile['before']): boolean {
  return tables === null
}

function printJson(imported: ImportedFile, { to }: Options, { out }: Terminal): void {
  const { text, documents, differences, before, after } = imported
  const broken = isBroken(before)
  out.line(
    JSON.stringify({
      problems: broken ? before.problems : after.problems,
      documents: broken ? [] : documents,
      yaml: broken ? '' : text,
      differences: broken ? [] : differences,
      ...(to !== undefined && !broken && { file: to }),
    }),
  )
}

interface Printing extends Options {
  readonly failed: boolean
}

function printText(imported: ImportedFile, options: Printing, terminal: Terminal): void {
  const { out, err } = terminal
  const { text, before, after } = imported
  if (options.failed) {
    printProblems(before, imported, terminal)
    const why = isBroken(before)
      ? `it does not compile: ${problemCounts(before.problems)}`
      : noPolicy
    err.line(`nothing is imported, ${why}`)
    return
  }
  if (options.to === undefined) out.stream.write(text)
  printDifferences(imported, options, terminal)
  printProblems(after, imported, terminal)
}

const noPolicy = 'there is no portable policy in it'

function printProblems(
  { problems }: ImportedFile['before'],
  { files }: ImportedFile,
  { err }: Terminal,
): void {
  const lineOf = lineReader(files)
  for (const problem of problems) err.line(problemText(problem, lineOf(problem), err))
}

function printDifferences(
  { differences, documents }: ImportedFile,
  { to }: Options,
  { err }: Terminal,
): void {
  for (const { file, line, column, message, code, suggestion } of differences) {
    const place = err.paint('bold', `${printable(file)}:${line}:${column}:`)
    err.line(`${place} ${printable(message)} ${err.paint('dim', `(${code})`)}`)
    if (suggestion !== undefined) err.line(`  ${err.paint('cyan', 'help:')} ${suggestion}`)
  }
  const where = to === undefined ? '' : ` in ${to}`
  const counted =
    differences.length === 0 ? 'nothing is said otherwise' : many(differences.length, 'difference')
  err.line(`${many(documents.length, 'document')}${where}, ${counted}`)
}
