import { join } from 'node:path'
import type { Test } from 'tap'
import { type Revision, report, runSuite, scoredScenarios } from './suite.ts'

const driver = join(import.meta.dirname, 'client-driver.ts')

/** Every scenario starts processes of its own; the machine is not to do nothing else. */
const atOnce = 3

/** Reports all scenarios that a revision scores for clients, and these besides. */
export async function reportClient(
  t: Test,
  revision: Revision,
  besides: readonly string[],
): Promise<void> {
  const scenarios = [...scoredScenarios(revision, 'client'), ...besides]
  const waiting = [...scenarios]
  const checks: Awaited<ReturnType<typeof runSuite>> = new Map()
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const made = await runSuite(['client', ...argumentsFor(next, revision)])
      for (const [scenario, found] of made) checks.set(scenario, found)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  report(t, scenarios, checks)
}

/** Extensions belong to no revision. */
function argumentsFor(scenario: string, revision: Revision): readonly string[] {
  const command = `${process.execPath} ${driver}`
  const version = extensions.has(scenario) ? [] : ['--spec-version', revision]
  return ['--command', command, '--scenario', scenario, ...version]
}

const extensions: ReadonlySet<string> = new Set(['auth/client-credentials-basic'])
