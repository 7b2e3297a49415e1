/** Lines shown around what changes. */
const context = 3

/**
 * The change of one file as a unified diff that `git apply` and `patch -p1` take; null is a file that is not
 * there, and the diff is empty when nothing changes. What lies between the first and the last change is one hunk.
 */
export function unifiedDiff(path: string, before: string | null, after: string | null): string {
  if (before === after) return ''
  const old = lines(before)
  const now = lines(after)
  const same = leading(old, now)
  const end = leading(old.slice(same).reverse(), now.slice(same).reverse())
  const from = Math.max(0, same - context)
  const gone = old.slice(same, old.length - end)
  const added = now.slice(same, now.length - end)
  const rest = old.slice(old.length - end, old.length - end + context)
  const hunk = [
    ...old.slice(from, same).map(line => ` ${line}`),
    ...gone.map(line => `-${line}`),
    ...added.map(line => `+${line}`),
    ...rest.map(line => ` ${line}`),
  ]
  const around = same - from + rest.length
  return [
    `diff --git a/${path} b/${path}`,
    ...(before === null ? ['new file mode 100644'] : []),
    ...(after === null ? ['deleted file mode 100644'] : []),
    before === null ? '--- /dev/null' : `--- a/${path}`,
    after === null ? '+++ /dev/null' : `+++ b/${path}`,
    ...(hunk.length === 0
      ? []
      : [`@@ -${span(from, gone.length + around)} +${span(from, added.length + around)} @@`]),
    ...hunk.map(closed),
    '',
  ].join('\n')
}

/** Where a hunk begins, counted from 1, and how long it is; an empty one is said to lie before its first line. */
function span(from: number, length: number): string {
  return `${length === 0 ? from : from + 1},${length}`
}

/** A last line without an end is told from one with. */
const unended = '\0'

/** Lines of a text, the last marked when nothing ends it. */
function lines(text: string | null): readonly string[] {
  if (text === null || text === '') return []
  const parts = text.split('\n')
  const last = parts.pop() ?? ''
  return last === '' ? parts : [...parts, last + unended]
}

function closed(line: string): string {
  return line.endsWith(unended) ? `${line.slice(0, -1)}\n\\ No newline at end of file` : line
}

/** How many lines two texts have in common at their beginning. */
function leading(a: readonly string[], b: readonly string[]): number {
  const differs = a.findIndex((line, i) => line !== b[i])
  return differs === -1 ? a.length : differs
}
