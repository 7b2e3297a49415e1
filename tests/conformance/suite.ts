import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Test } from 'tap'
import { parse } from 'yaml'

export type Revision = '2025-11-25' | '2026-07-28'

const suite = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance')
const main = join(suite, 'dist/index.js')
const requirements = join(suite, 'requirements')

/** The scenarios that a revision scores for servers, or for clients. */
export function scoredScenarios(
  revision: Revision,
  side: 'server' | 'client' = 'server',
): readonly string[] {
  const text = readFileSync(join(requirements, `${revision}.yaml`), 'utf8')
  return parse(text)[side]
}

interface Check {
  readonly id: string
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO'
  readonly errorMessage?: string
}

/** The test runner puts its loaders into every process that is started here; the suite starts many and needs none. */
const withoutTap = 'unset NODE_OPTIONS; exec "$@"'

/** Runs the official suite; the checks it made, by scenario. */
export async function runSuite(args: readonly string[]): Promise<Map<string, readonly Check[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'writ-conformance-'))
  try {
    const command = [process.execPath, main, ...args, '-o', folder]
    const child = spawn('sh', ['-c', withoutTap, 'sh', ...command], {
      cwd: folder,
      stdio: 'ignore',
    })
    await once(child, 'exit')
    return checksIn(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function checksIn(folder: string): Map<string, readonly Check[]> {
  const byScenario = new Map<string, readonly Check[]>()
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (basename(file) !== 'checks.json') continue
    const scenario = dirname(file)
      .replace(/^server-/, '')
      .replace(/-\d{4}-\d\d-\d\dT.*$/, '')
    byScenario.set(scenario, JSON.parse(readFileSync(join(folder, file), 'utf8')))
  }
  return byScenario
}

/** Reports every scenario by its name: it ran, and no check of it failed. */
export function report(
  t: Test,
  scenarios: readonly string[],
  checks: ReadonlyMap<string, readonly Check[]>,
): void {
  for (const scenario of scenarios) {
    t.test(scenario, async t => {
      const made = checks.get(scenario) ?? []
      t.ok(made.length > 0, 'it ran')
      const failed = made.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
      t.strictSame(
        failed.map(({ id, errorMessage }) => ({ id, errorMessage })),
        [],
      )
    })
  }
}
