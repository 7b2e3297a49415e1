import type { Problem } from '../../schemas/problem.ts'
import type { Answer } from '../compile/compiler.ts'

/**
 * What to make of files that compile only without what tool servers say of their tools (`alone`): in
 * force with warnings when the files in force have the same errors by now (`before`), refused when an
 * edit brought one in.
 */
export function doubts(informed: Answer, before: Answer, alone: Answer): Answer {
  const known = new Set(before.problems.filter(isError).map(nameOf))
  if (informed.problems.filter(isError).some(problem => !known.has(nameOf(problem)))) {
    return informed
  }
  const problems = informed.problems.map(problem => ({ ...problem, severity: 'warning' as const }))
  return { ...alone, problems }
}

function isError({ severity }: Problem): boolean {
  return severity === 'error'
}

/** Lines move when other lines are edited, so they are not part of it. */
function nameOf({ code, file, message }: Problem): string {
  return JSON.stringify([code, file, message])
}
