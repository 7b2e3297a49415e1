/**
 * A block of code in Markdown that its content cannot end, and in which no comment of HTML begins, for
 * forges find what they wrote by such comments.
 */
export function fenced(code: string): string {
  const longest = Math.max(0, ...[...code.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(Math.max(3, longest + 1))
  return `${fence}\n${code.replaceAll('<!--', '<\\u{21}--')}\n${fence}`
}
