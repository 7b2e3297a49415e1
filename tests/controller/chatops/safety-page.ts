import type { SafetyCase, SafetyGroup } from './safety-case.ts'

const opening = `# Safety of commands in comments

What comes of a comment that is, or looks like, an answer to a question that Writ asked in a thread. Every line is a case that
\`npm test\` plays against the controller, its store, its client for GitHub and a stand-in for GitHub: the page is written from
the table that is played (\`tests/controller/chatops/safety-cases/\`, \`RECORD=1\` writes it anew), and a test fails when they differ. How people
answer in a thread is said in [channels](channels.md#github).

The column **Writ** names what is on record for the comment. Unless it says that it counts, the question stands as it did, its comment
reads as it did, no vote is added, and no status changes; "told" means that one reply says why. Talk leaves no record. **Prow** and **Atlantis** are what was found in
their documentation, source and issues; where nothing stands, nothing was looked up, and it says nothing about them.

On record for every attempt, for good: number and repository of the comment, thread, head of the pull request, number and login of the
account, SHA-256 of the body, id of the delivery, the command, what became of it, and when (table \`chat_commands\`). A vote has the
same as its evidence, and the record of the call names the account and the comment.
`

const closing = `
## What this does not protect from

- **Whoever holds the session or a token of a person** who is asked writes as that person. GitHub says which app wrote a comment in somebody's
  name, and those are refused; a token of a person is the person. Keep tokens of people away from agents.
- **GitHub itself**, and who runs it: Writ believes what its API says over TLS.
- **Who may merge into the policies in force** decides who is asked. Changes of policies are reviewed by the policies in force.
- **Who can read the thread reads the question**: arguments are redacted before, and no channel sees more. Ask in a repository that is as
  private as what the calls hold.
`

/** The page that publishes the cases, as it is formatted in the repository. */
export function safetyPage(groups: readonly SafetyGroup[]): string {
  const parts = groups.map(({ title, rule, cases }) =>
    [`\n## ${title}`, '', rule, '', ...table(cases.map(row))].join('\n'),
  )
  return `${opening}${parts.join('\n')}\n${closing}`
}

function row(one: SafetyCase): readonly string[] {
  return [one.name, comesTo(one), one.prow ?? '', one.atlantis ?? ''].map(escaped)
}

function comesTo({ outcome, told, state }: SafetyCase): string {
  if (outcome === null) {
    return state === undefined && told === undefined ? 'talk' : 'nothing more: looked at before'
  }
  if (outcome === 'counted') return `**counts**: ${state === 'voted' ? 'one vote' : state}`
  return `\`${outcome}\`${told ? ', told' : ''}`
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|')
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const head = ['case', 'Writ', 'Prow', 'Atlantis']
  const widths = head.map((name, i) =>
    Math.max(name.length, ...rows.map(row => row[i]?.length ?? 0)),
  )
  const line = (cells: readonly string[], fill = ' ') =>
    `| ${cells.map((text, i) => text.padEnd(widths[i] ?? 0, fill)).join(' | ')} |`
  return [
    line(head),
    line(
      head.map(() => ''),
      '-',
    ),
    ...rows.map(cells => line(cells)),
  ]
}
