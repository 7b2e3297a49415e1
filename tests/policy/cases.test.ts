import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { compile } from '../../policy/compile/compile.ts'
import { decide } from '../../policy/decide/decide.ts'
import { explain } from '../../policy/decide/explain.ts'
import { factsOf } from '../../policy/decide/facts.ts'
import { justificationFor } from '../../policy/decide/justification.ts'
import { load } from '../../policy/decide/load.ts'
import { visible } from '../../policy/decide/visible.ts'
import type { Call } from '../../schemas/call.ts'
import type { Decision } from '../../schemas/decision.ts'
import type { Problem } from '../../schemas/problem.ts'
import type { KnownTool } from '../../schemas/tool-server.ts'

/** What case.yaml says: see README.md beside the cases. */
interface Case {
  readonly catalog?: Readonly<Record<string, readonly KnownTool[]>>
  readonly problems?: readonly string[]
  readonly calls?: readonly {
    readonly namespace?: string
    readonly call: Call
    readonly expect: Partial<Decision>
    readonly visible?: boolean
    readonly justification?: string
  }[]
}

const root = join(import.meta.dirname, '../cases')

function problemLine({ severity, code, file, line, column, message, suggestion }: Problem): string {
  const said = `${severity} ${file}:${line}:${column} ${code}: ${message}`
  return suggestion === undefined ? said : `${said} ${suggestion}`
}

const folders = readdirSync(root, { withFileTypes: true }).filter(entry => entry.isDirectory())

for (const { name } of folders) {
  t.test(name.replaceAll('-', ' '), async t => {
    const files = readdirSync(join(root, name)).map(path => ({
      path,
      text: readFileSync(join(root, name, path), 'utf8'),
    }))
    const given = files.find(({ path }) => path === 'case.yaml')?.text ?? ''
    const { catalog = {}, problems = [], calls = [] } = parse(given) as Case
    const compiled = compile(
      files.filter(({ path }) => path !== 'case.yaml'),
      { catalog: new Map(Object.entries(catalog)) },
    )
    t.strictSame(compiled.problems.map(problemLine), problems)

    for (const { namespace = 'default', call, expect, ...about } of calls) {
      const table = load(compiled.tables?.get(namespace)?.json ?? '')
      const facts = factsOf(call)
      const decision = decide(table, facts)
      const named = Object.entries(decision).filter(([key]) => key in expect)
      const title = JSON.stringify(call)
      t.strictSame(Object.fromEntries(named), expect, title)
      t.strictSame(explain(table, facts).decision, decision, `${title} is explained as decided`)
      t.ok(decision.action === 'deny' || visible(table, facts), `${title} is let through unseen`)
      if (about.visible !== undefined) t.equal(visible(table, facts), about.visible, title)
      if (about.justification !== undefined) {
        t.equal(justificationFor(table, facts), about.justification, title)
      }
    }
  })
}
