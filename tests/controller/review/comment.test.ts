import t from 'tap'
import { parseCommand } from '../../../controller/chatops/command.ts'
import type { ChangeCoverage } from '../../../controller/coverage/change-coverage.ts'
import { inert } from '../../../controller/review/comment/inert.ts'
import { reviewComment } from '../../../controller/review/comment/review-comment.ts'
import { reviewReport } from '../../../controller/review/comment/review-report.ts'
import type { ReviewView } from '../../../controller/review/comment/review-view.ts'
import type { PlanChange } from '../../../schemas/plan.ts'
import type { Replay } from '../../../schemas/replay.ts'

const digest = `sha256:${'0123456789ab'.repeat(5)}0123`

const open: ReviewView = {
  headSha: 'a'.repeat(40),
  state: {
    ...{ kind: 'open', digest, votes: [], received: 0, barred: null },
    bench: { required: 2, users: ['ben', 'cleo'], workflow: 'widening', lacking: false },
  },
  problems: [],
  plan: null,
  replay: null,
  coverage: null,
}

/** Text that somebody would like to be more than text. */
const hostile = [
  '@acme/everyone look',
  'fixes #1',
  '<!-- writ:review -->',
  '<script>alert(1)</script>',
  '[here](javascript:x) ![x](https://evil.example.com/x.png)',
  '`` ` ``` code',
  '` @ben `',
  '\n\n/approve ffffffffffff\n\n',
  '\r/deny ffffffffffff',
  '| a | b |\n|---|---|',
  '\u202e\u0000\u2028# heading',
  'https://evil.example.com www.evil.example.com',
  '</details></summary>',
  '~~~\n```\n',
  '    ',
]

function change(message: string, some: Partial<PlanChange> = {}): PlanChange {
  return { effect: 'widening', kind: 'tool', name: message, message, ...some }
}

function planned(changes: readonly PlanChange[]): ReviewView['plan'] {
  const plan = { namespace: 'default', before: '', after: '', narrows: 'unproven' } as const
  return { narrows: 'unproven', plans: [{ ...plan, changes }] }
}

function replayed(text: string): Replay {
  const action = { from: 'deny', to: 'allow' } as const
  return {
    ...{ from: '2026-11-01T00:00:00Z', to: 'x`@ben', calls: 5, changedCalls: 1 },
    unjudged: { count: 1, reasons: [{ reason: 'redacted', count: 1, examples: [] }] },
    changed: [
      {
        ...{ namespace: text, ...action, kind: 'tool', name: text, server: text, reason: text },
        ...{ policy: text, rule: text, count: 1, agents: [text] },
        examples: [{ proxy: text, seq: 1, time: text, agent: text, args: text }],
      },
    ],
    approvals: [{ user: text, before: 1, after: 2, askedBefore: 1, askedAfter: 2, days: 1 }],
    budgets: [
      {
        ...{ namespace: text, budget: text, unit: 'usd', limit: 1, onExceeded: 'deny' },
        ...{ windows: 1, stopped: 1, spent: 1, refusedCalls: 3, unservedMicroUsd: 1, untested: 0 },
      },
    ],
    money: [],
  }
}

function covered(text: string): ChangeCoverage {
  const rule = { namespace: text, policy: text, rule: text, kind: 'tool', match: text }
  const use: ChangeCoverage['uses'][number] = {
    namespace: text,
    kind: 'tool',
    server: text,
    name: text,
    why: 'unnamed',
    calls: 3,
    defaultCalls: 3,
    lastAt: '2026-11-20T00:00:00.000Z',
    agents: [text, text, text, text],
    moreAgents: true,
    decisions: [],
    change: 'unnamed',
  }
  return {
    ...{ days: 90, recordedSince: '2026-10-01T00:00:00.000Z', uncountedNames: 2 },
    ...{ otherNamespaces: 1, unruledBefore: 0, unruledAfter: 1, uses: [use], unchanging: 1 },
    idle: [{ ...rule, why: 'never_called' }],
    dropped: [{ ...rule, calls: 1, lastAt: '2026-11-20T00:00:00.000Z' }],
    people: [{ user: text, asked: 3, answered: 0, after: 1.25 }],
  }
}

function everywhere(text: string): ReviewView {
  const place = { file: text, line: 3, column: 1 }
  const example = {
    call: { tool: text, args: { text } },
    before: { action: 'deny', reason: 'rule', policy: text, rule: text },
    after: { action: 'require_approval', reason: 'rule', workflows: [text] },
  } as const
  return {
    ...open,
    state: {
      ...open.state,
      kind: 'open',
      bench: { required: 2, users: [text], workflow: text, lacking: false },
      votes: [
        {
          ...{ user: text, account: { id: 1, login: text }, decision: 'approve', teams: [text] },
          at: text,
        },
      ],
    } as ReviewView['state'],
    problems: [
      {
        severity: 'error',
        code: 'x',
        message: text,
        suggestion: text,
        file: text,
        line: 1,
        column: 1,
      },
    ],
    plan: planned([change(text, { at: place, example, server: text })]),
    replay: replayed(text),
    coverage: covered(text),
  }
}

/** What is left of Markdown when code spans and blocks are taken out, as CommonMark finds them. */
function outsideCode(markdown: string): string {
  return markdown
    .replace(/^(`{3,})[^`\n]*\n[\s\S]*?\n\1$/gm, '')
    .replace(/(?<!`)(`+)(?!`)([\s\S]*?[^`])\1(?!`)/g, '')
}

t.test('an open change shows its digest and the line to paste, which is the command', async t => {
  const comment = reviewComment(open)
  const lines = comment.split('\n')
  const commands = lines.map(line => parseCommand(line)).filter(command => command !== null)
  t.strictSame(commands, [{ kind: 'change', decision: 'approve', digest: '0123456789ab' }])
  t.match(comment, /waits for 2 approvals/)
  t.match(comment, /people of the workflow `widening`: `ben`, `cleo`/)
  t.match(comment, new RegExp(digest))
})

t.test('what comes from elsewhere is asleep wherever it stands', async t => {
  const harmless = outsideCode(reviewComment(everywhere('x')))
  for (const [i, text] of hostile.entries()) {
    const comment = reviewComment(everywhere(text))
    const said = `text ${i}`
    t.equal(outsideCode(comment).replaceAll('(empty)', ''), harmless, `only code: ${said}`)
    t.notMatch(comment, /@/, `nobody is mentioned: ${said}`)
    t.notMatch(comment, /<!--/, `no marker: ${said}`)
    const commands = comment.split('\n').filter(line => parseCommand(line) !== null)
    t.strictSame(commands, ['/approve 0123456789ab'], `one command: ${said}`)
    t.notMatch(comment, /\/(approve|deny) f/, `no other command: ${said}`)
  }
})

t.test('a code span holds any backticks', async t => {
  t.equal(inert('plain'), '`plain`')
  t.equal(inert('a`b'), '``a`b``')
  t.equal(inert('``'), '``` `` ```')
  t.equal(inert('`'), '`` ` ``')
  t.equal(inert(' '), '(empty)')
  t.equal(inert('x'.repeat(500), 10), `\`${'x'.repeat(9)}…\``)
})

t.test('a comment has at most 60,000 characters and says what it leaves out', async t => {
  const many = Array.from({ length: 5000 }, (_, i) => change(`${i} ${'x'.repeat(390)}`))
  const problems = Array.from({ length: 1000 }, (_, i) => ({
    ...{ severity: 'error', code: 'x', message: 'y'.repeat(500), file: `${i}`, line: 1, column: 1 },
  })) as ReviewView['problems']
  const comment = reviewComment({ ...everywhere('z'.repeat(5000)), plan: planned(many), problems })
  t.ok(comment.length <= 60_000, `${comment.length} characters`)
  t.match(comment, /and [\d,]+ more, not shown here/)
  t.match(comment, /^\/approve 0123456789ab$/m)
})

t.test('what the calls on record say is folded, and bounded like the rest', async t => {
  const coverage = covered('x')
  const comment = reviewComment({ ...open, coverage })
  t.equal(
    comment.split('#### Coverage\n\n')[1]?.split('<sub>')[0]?.trim(),
    `Calls of the last 90 days, counted since 2026-10-01:

- 1 thing is used without a rule that names it once this is in force; 0 now
- 1 new rule no recorded call would have met
- 1 new rule would have decided no recorded call differently
- 1 rule goes that had decided calls
- 2 calls are of names beyond those that are counted apart
- 1 other namespace changes and was not looked at

<details><summary>Details</summary>

**Used without a rule that names it** (1)

- tool \`x\` at \`x\` in \`x\`: 3 calls, last on 2026-11-20, by \`x\`, \`x\`, \`x\` and others; named until now

**New rules that no recorded call would have met** (1)

- \`x / x\` about tool \`x\` in \`x\`: nothing that it is about was called

**Rules that go and had decided calls** (1)

- \`x / x\` about tool \`x\` in \`x\`: 1 call, last on 2026-11-20

**Who would be asked more** (1)

- \`x\` answered 0 of 3 questions, and would be asked 1.3 times a day

</details>`,
  )
  const [use] = coverage.uses
  const uses = Array.from({ length: 5000 }, (_, i) => ({ ...use, name: `${i} ${'y'.repeat(200)}` }))
  const long = reviewComment({ ...open, coverage: { ...coverage, uses } as ChangeCoverage })
  t.ok(long.length <= 60_000)
  t.match(long, /\(5,000\)[\s\S]*and 4,940 more, not shown here/)
  const nothing = { ...coverage, recordedSince: null, uses: [], idle: [], dropped: [], people: [] }
  t.match(
    reviewComment({ ...open, coverage: nothing }),
    /No call of the last 90 days is on record where this changes something\.\n\n<sub>/,
  )
})

t.test('the same view is the same comment', async t => {
  t.equal(reviewComment(everywhere('x')), reviewComment(everywhere('x')))
})

t.test('the check is green only for what is approved or touches no policy', async t => {
  const conclusions = (
    [
      { ...open.state, kind: 'open' },
      { ...open.state, kind: 'open', barred: 'nobody knows who pushed' },
      { ...open.state, kind: 'denied' },
      { ...open.state, kind: 'approved' },
      { kind: 'problems' },
      { kind: 'conflict', files: ['a.yaml'] },
      { kind: 'nothing' },
    ] as ReviewView['state'][]
  ).map(state => [state.kind, reviewReport({ ...open, state }, () => null).conclusion])
  t.strictSame(conclusions, [
    ['open', 'pending'],
    ['open', 'failure'],
    ['denied', 'failure'],
    ['approved', 'success'],
    ['problems', 'failure'],
    ['conflict', 'failure'],
    ['nothing', 'success'],
  ])
})

t.test('remarks stand at the lines of files that the change has', async t => {
  const view = everywhere('a.yaml')
  t.strictSame(reviewReport(view, file => (file === 'a.yaml' ? file : null)).annotations, [
    { path: 'a.yaml', line: 1, column: 1, level: 'failure', message: 'a.yaml a.yaml' },
    { path: 'a.yaml', line: 3, level: 'warning', title: 'Widens', message: 'a.yaml' },
  ])
  t.strictSame(reviewReport(view, () => null).annotations, [])
})
