import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { type Compiled, compile, type SourceFile } from '../../../policy/compile/compile.ts'
import { decide } from '../../../policy/decide/decide.ts'
import { type Facts, factsOf } from '../../../policy/decide/facts.ts'
import { justificationFor } from '../../../policy/decide/justification.ts'
import { type LoadedTable, load } from '../../../policy/decide/load.ts'
import { visible } from '../../../policy/decide/visible.ts'
import { type Imported, importPortable } from '../../../policy/translate/import-portable.ts'
import { builtinTools } from '../../../schemas/builtin-tool.ts'
import type { Call } from '../../../schemas/call.ts'
import type { Decision } from '../../../schemas/decision.ts'
import type { KnownTool } from '../../../schemas/tool-server.ts'
import { dice, randomCalls } from './random-calls.ts'

const root = join(import.meta.dirname, '../../..')

function filesOf(folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder))
    .filter(name => name.endsWith('.yaml'))
    .map(path => ({ path, text: readFileSync(join(root, folder, path), 'utf8') }))
}

function isPortable({ text }: SourceFile): boolean {
  return /^version:/m.test(text)
}

/** The files with every portable one imported. */
function importAll(files: readonly SourceFile[], problems: Compiled['problems']) {
  const known = new Set(
    files
      .filter(file => !isPortable(file))
      .flatMap(({ text }) => parseAllDocuments(text).map(document => document.toJS()))
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`),
  )
  const imported = files.filter(isPortable).map(file =>
    importPortable(file, {
      known,
      problems: problems.filter(({ file: at }) => at === file.path),
    }),
  )
  const rest = files.filter(file => !isPortable(file))
  const texts = imported.map(({ text }, i) => ({ path: `imported${i}.yaml`, text }))
  return { imported, files: [...rest, ...texts] }
}

/** What a caller notices of a decision. */
function noticed(decision: Decision) {
  const { action, message } = decision
  const workflows = 'workflows' in decision ? decision.workflows.toSorted() : []
  return { action, workflows, ...(action === 'deny' && { message }) }
}

type Codes = ReadonlySet<string>

/** Null when the decisions are alike, or differ as it was said that they do; else what is wrong. */
function unlike(before: Decision, after: Decision, codes: Codes): object | null {
  if (JSON.stringify(noticed(before)) === JSON.stringify(noticed(after))) return null
  const refused = after.action === 'deny' && after.reason === 'condition_error'
  const told = ['error_denies', 'type_denies', 'text_order'].some(code => codes.has(code))
  return refused && told ? null : { before, after }
}

function codesOf(imported: readonly Imported[]): Codes {
  return new Set(imported.flatMap(({ differences }) => differences.map(({ code }) => code)))
}

/** A tool that only an error could have let through is not listed any more. */
function hidden(imported: readonly Imported[], table: LoadedTable, facts: Facts): boolean {
  return codesOf(imported).has('error_denies') && !visible(table, facts)
}

/** Writ has no other tools of its own. */
function isReal({ server, tool }: Call): boolean {
  return server !== 'builtin' || builtinTools.some(own => own === tool)
}

interface Given {
  readonly catalog?: Readonly<Record<string, readonly KnownTool[]>>
  readonly calls?: readonly { readonly namespace?: string; readonly call: Call }[]
}

const cases = readdirSync(join(root, 'tests/cases')).filter(name => name.startsWith('portable-'))
const roll = dice(20_261_121)

for (const folder of [...cases.map(name => `tests/cases/${name}`), 'examples/portable']) {
  t.test(`${folder} decides alike once it is imported`, async t => {
    const all = filesOf(folder)
    const given: Given = parse(all.find(({ path }) => path === 'case.yaml')?.text ?? '{}')
    const files = all.filter(({ path }) => path !== 'case.yaml')
    const catalog = new Map(Object.entries(given.catalog ?? {}))
    const before = compile(files, { catalog })
    if (before.tables === null) {
      t.match(before.problems, [{ severity: 'error' }])
      return
    }
    const { imported, files: now } = importAll(files, before.problems)
    const after = compile(now, { catalog })
    t.strictSame(
      after.problems.filter(({ severity }) => severity === 'error'),
      [],
    )
    for (const [namespace, { table, json }] of before.tables) {
      const old = load(json)
      const fresh = load(after.tables?.get(namespace)?.json ?? '')
      const random = randomCalls(table, roll)
      const named = (given.calls ?? []).filter(call => (call.namespace ?? 'default') === namespace)
      const calls = [
        ...named.map(({ call }) => call).filter(isReal),
        ...Array.from({ length: 2000 }, random),
      ]
      const wrong = calls.flatMap(call => {
        const facts = factsOf(call)
        const said = unlike(decide(old, facts), decide(fresh, facts), codesOf(imported))
        const shown =
          visible(old, facts) === visible(fresh, facts) || hidden(imported, fresh, facts)
        const asked = justificationFor(old, facts) === justificationFor(fresh, facts)
        return said === null && shown && asked ? [] : [{ call, ...said, shown, asked }]
      })
      t.strictSame(wrong.slice(0, 3), [])
    }
  })
}
