/** What steps come to when nothing has to be done between them. */
export function finished<T>(steps: Generator<undefined, T>): T {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}
