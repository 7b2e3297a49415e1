type At = readonly [start: number, end: number]

/**
 * Makes ranges whole: the parser leaves out parentheses around operands, so that the range of
 * `(a || b) && c` begins behind its first parenthesis.
 */
export function widening(source: string): (at: At) => At {
  const bare = source.replace(quoted, whole => ' '.repeat(whole.length))
  return ([start, end]) => {
    let open = 0
    let missing = 0
    for (const char of bare.slice(start, end)) {
      if (char === '(') open++
      else if (char === ')' && open > 0) open--
      else if (char === ')') missing++
    }
    return [before(bare, start, missing), behind(bare, end, open)]
  }
}

const quoted =
  /("""|''')(?:\\[\s\S]|(?!\1)[\s\S])*\1|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|\/\/[^\n]*/g

function before(bare: string, start: number, parentheses: number): number {
  let at = start
  for (let left = parentheses; left > 0; left--) at = bare.lastIndexOf('(', at - 1)
  return at
}

function behind(bare: string, end: number, parentheses: number): number {
  let at = end
  for (let left = parentheses; left > 0; left--) at = bare.indexOf(')', at) + 1
  return at
}
