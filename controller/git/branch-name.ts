/** Whether a text is the name of a branch, by the rules of git-check-ref-format, and nothing that git reads in another way. */
export function isBranchName(name: string): boolean {
  return (
    name.length <= 255 &&
    !/[\s~^:?*[\\\p{Cc}]|\.\.|\/\/|@\{/u.test(name) &&
    !/^[-/.]|[/.]$|\.lock$|\/\.|\.lock\/|^@$/.test(name) &&
    name !== ''
  )
}
