import { isDeepStrictEqual } from 'node:util'
import type { CompiledTable, PolicyTestDocument } from '../policy/compile/compile.ts'
import { decide, noTable } from '../policy/decide/decide.ts'
import { factsOf } from '../policy/decide/facts.ts'
import { type LoadedTable, load } from '../policy/decide/load.ts'
import type { Decision } from '../schemas/decision.ts'
import type { PolicyTestCase } from '../schemas/policy-test.ts'
import type { Place } from '../schemas/problem.ts'

/** How a case of a PolicyTest ended; `differences` is empty for one that passed. */
export interface CaseResult {
  readonly test: string
  readonly name: string
  readonly passed: boolean
  readonly at: Place
  readonly differences: readonly Difference[]
}

/** A field of the decision that is not as expected. */
interface Difference {
  readonly field: string
  readonly expected: unknown
  readonly got: unknown
}

/** Judges every case of every test against the table of its namespace. */
export function runPolicyTests(
  tests: readonly PolicyTestDocument[],
  tables: ReadonlyMap<string, CompiledTable>,
): readonly CaseResult[] {
  const loaded = new Map([...tables].map(([name, { json }]) => [name, load(json)]))
  return tests.flatMap(test =>
    test.cases.map((_, i) => runCase(test, i, loaded.get(test.namespace) ?? null)),
  )
}

function runCase(test: PolicyTestDocument, index: number, table: LoadedTable | null): CaseResult {
  const { name, call, expect } = test.cases[index] as PolicyTestCase
  const subject = { namespace: test.namespace, ...call.subject }
  const decision = table === null ? noTable : decide(table, factsOf({ ...call, subject }))
  const differences = compare(expect, decision)
  const at = test.places[index] ?? { file: test.file, line: test.line, column: 1 }
  return { test: test.name, name, passed: differences.length === 0, at, differences }
}

function compare(expect: PolicyTestCase['expect'], decision: Decision): readonly Difference[] {
  const got: Record<string, unknown> = { workflows: [], ...decision }
  return Object.entries(expect).flatMap(([field, expected]) =>
    isDeepStrictEqual(sorted(expected), sorted(got[field]))
      ? []
      : [{ field, expected, got: got[field] ?? null }],
  )
}

/** Workflows are a set: their order says nothing. */
function sorted(value: unknown): unknown {
  return Array.isArray(value) ? value.toSorted() : value
}
