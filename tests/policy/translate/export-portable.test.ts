import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { compile, type SourceFile } from '../../../policy/compile/compile.ts'
import { decide } from '../../../policy/decide/decide.ts'
import { factsOf } from '../../../policy/decide/facts.ts'
import { load } from '../../../policy/decide/load.ts'
import { exportPortable } from '../../../policy/translate/export-portable.ts'
import { strictness } from '../../../schemas/action.ts'
import type { RuleTable } from '../../../schemas/rule-table.ts'
import { dice, randomCalls } from './random-calls.ts'

const root = join(import.meta.dirname, '../../..')
const roll = dice(7_400)

function filesOf(folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.yaml') && name !== 'case.yaml')
    .map(path => ({ path, text: readFileSync(join(root, folder, path), 'utf8') }))
}

function toolsOf({ servers }: RuleTable) {
  return new Map(
    servers.flatMap(({ name, spec }) =>
      spec.tools === undefined
        ? []
        : [[name, spec.tools.map(tool => `${spec.prefix ?? ''}${tool.name}`)] as const],
    ),
  )
}

/** What an export names and cannot hold: people, and servers that are started. */
function beside({ workflows, policies }: RuleTable, text: string): string {
  const named = workflows.flatMap(({ spec }) => [spec.approvers ?? {}, spec.escalation?.to ?? {}])
  const users = new Set(named.flatMap(({ users = [] }) => users))
  const teams = new Set(named.flatMap(({ teams = [] }) => teams))
  const servers = new Set(
    policies.flatMap(({ tools }) => tools.flatMap(entry => entry.server ?? [])),
  )
  const header = (kind: string, name: string) =>
    `apiVersion: writ.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name} }\n`
  const crowd = Array.from({ length: 10 }, (_, i) => `crowd-${i}`)
  return [
    ...[...users, ...crowd].map(name => `${header('User', name)}spec: {}\n`),
    ...[...teams].map(name => `${header('Team', name)}spec: { members: [${crowd}] }\n`),
    ...[...servers]
      .filter(name => name !== 'builtin' && !text.includes(`  - name: ${name}\n    url:`))
      .map(name => `${header('ToolServer', name)}spec: { url: "http://x/" }\n`),
  ].join('---\n')
}

const cases = readdirSync(join(root, 'tests/cases'), { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(({ name }) => `tests/cases/${name}`)
const examples = readdirSync(join(root, 'examples')).map(name => `examples/${name}`)

t.test('an export decides as strictly as what is in force, or says where it does not', async t => {
  let exact = 0
  let compared = 0
  for (const folder of [...cases, ...examples]) {
    const { tables } = compile(filesOf(folder))
    for (const [namespace, { table, json }] of tables ?? []) {
      const { text, differences } = exportPortable(table, null, toolsOf(table))
      if (text === '') continue
      const files = [
        { path: 'export.yaml', text },
        { path: 'beside.yaml', text: beside(table, text) },
      ]
      const after = compile(files, { namespace })
      const errors = after.problems.filter(({ severity }) => severity === 'error')
      t.strictSame(errors, [], `${folder} ${namespace}`)
      const old = load(json)
      const fresh = load(after.tables?.get(namespace)?.json ?? '')
      const isLooser = differences.some(({ effect }) => effect === 'looser')
      const random = randomCalls(table, roll)
      const wrong = Array.from({ length: 500 }, random).flatMap(call => {
        const facts = factsOf(call)
        const [before, now] = [decide(old, facts), decide(fresh, facts)]
        compared += 1
        if (before.action === now.action) exact += 1
        return isLooser || strictness(now.action) >= strictness(before.action)
          ? []
          : [{ folder, call, before, now }]
      })
      t.strictSame(wrong.slice(0, 2), [], `${folder} ${namespace}`)
    }
  }
  t.ok(exact / compared > 0.6, `${exact} of ${compared} are decided alike`)
})
