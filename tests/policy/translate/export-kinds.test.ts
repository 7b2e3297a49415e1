import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Compiled, compile } from '../../../policy/compile/compile.ts'
import { isPath } from '../../../policy/translate/access-policy-of.ts'
import { exportKinds } from '../../../policy/translate/export-kinds.ts'
import type { Directory } from '../../../schemas/directory.ts'
import type { RuleTable } from '../../../schemas/rule-table.ts'

const root = join(import.meta.dirname, '../../..')

function compiled(folder: string): Compiled {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  const files = names
    .filter(name => name.endsWith('.yaml') && name !== 'case.yaml')
    .map(path => ({ path, text: readFileSync(join(root, folder, path), 'utf8') }))
  return compile(files)
}

/** A table without what says where it was written. */
function said(table: RuleTable | undefined): unknown {
  return JSON.parse(JSON.stringify(table ?? null), (key, value) => {
    if (key === 'at' || key === 'files') return undefined
    return key === 'name' && typeof value === 'string' && isPath(value) ? 'by place' : value
  })
}

function exported({ tables, directories }: Compiled) {
  return [...(tables ?? [])].map(([namespace, { table }]) => {
    const directory = directories.find(one => one.namespace === namespace) as Directory
    return exportKinds(table, directory)
  })
}

function people(directories: readonly Directory[]) {
  return directories.map(({ table: _, ...rest }) => rest)
}

const cases = readdirSync(join(root, 'tests/cases'), { withFileTypes: true })
  .filter(entry => entry.isDirectory() && !entry.name.startsWith('portable-'))
  .map(({ name }) => `tests/cases/${name}`)
const examples = ['quickstart', 'approvals', 'airline', 'kubernetes'].map(
  name => `examples/${name}`,
)

t.test('what is exported compiles to what is in force', async t => {
  let count = 0
  for (const folder of [...cases, ...examples]) {
    const before = compiled(folder)
    if (before.tables === null) continue
    const texts = exported(before).map(({ text }, i) => ({ path: `${i}.yaml`, text }))
    const after = compile(texts)
    t.strictSame(
      after.problems.filter(({ severity }) => severity === 'error'),
      [],
      folder,
    )
    for (const [namespace, { table }] of before.tables) {
      t.strictSame(said(after.tables?.get(namespace)?.table), said(table), `${folder} ${namespace}`)
    }
    t.strictSame(people(after.directories), people(before.directories), folder)
    count += 1
  }
  t.ok(count > 20)
})

t.test('what is not in force, and what another namespace lends, is named', async t => {
  const folder = 'tests/cases/the-system-namespace-only-narrows'
  const [first] = exported(compiled(folder))
  const codes = first?.differences.map(({ code, effect }) => `${code} ${effect}`)
  t.strictSame(new Set(codes), new Set(['not_in_force none', 'system_policy looser']))
  const { tables } = compiled('examples/quickstart')
  const table = tables?.get('default')?.table as RuleTable
  t.match(exportKinds(table, null).differences[1], { code: 'people_not_kept' })
})
