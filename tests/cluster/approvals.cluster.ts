import t from 'tap'
import { eventually, office } from './approval-office.ts'

t.test('a call that is held, in a cluster', async t => {
  const { api, call, asked, made, status, patch, writ, watch, person, stop, start } =
    await office(t)
  const ana = await person('ana@example.com', 'ask-me')
  const ben = await person('ben@example.com', 'ask-me')
  const cleo = await person('cleo@example.com', 'ask-me')
  const eve = await person('eve@example.com')
  const by = 'ana@example.com'

  await t.test('is made, once, when somebody approves it with kubectl patch', async t => {
    const waiting = call('drafts')
    const name = await asked('drafts')
    t.equal(made('drafts'), 0)
    const answer = { by, decision: 'approve', reason: 'a folder for drafts' }
    t.match(await patch(ana, name, answer), { code: 0 })
    t.match(await waiting, { content: [{ text: '{"text":"drafts"}' }] })
    t.equal(made('drafts'), 1)
    const done = await eventually(async () => {
      const now = await status(name)
      return now.state === 'consumed' && now.decisions[0].outcome && now
    })
    t.match(done, {
      decisions: [{ by, decision: 'approve', outcome: 'counted', message: 'It counts.' }],
      votes: [{ user: 'ana', reason: 'a folder for drafts', surface: 'kubernetes' }],
      workflows: [{ name: 'ask-me', required: 1, received: 1 }],
    })
    const wait = ['wait', '--for=condition=Resolved', `apr/${name}`, '-n', 'team-a']
    t.match(await api.kubectl([...wait, '--timeout=10s']), { code: 0 })
    t.match(await patch(ben, name, { by: 'ben@example.com', decision: 'deny' }), {
      code: 1,
      stderr: /It is too late: the question is consumed\./,
    })
  })

  await t.test('is refused when somebody denies it with kubectl patch', async t => {
    const waiting = call('secrets')
    const name = await asked('secrets')
    t.match(await patch(ana, name, { by, decision: 'deny', reason: 'not here' }), { code: 0 })
    const told = await waiting
    t.match(told, { isError: true, content: [{ text: /was denied: "not here"/ }] })
    t.equal(made('secrets'), 0)
  })

  await t.test('is made when somebody approves it with kubectl writ', async t => {
    const waiting = call('invoices')
    const name = await asked('invoices')
    const answered = await writ(ana, 'approve', name, '-n', 'team-a', '--reason', 'as agreed')
    t.strictSame([answered.code, answered.stderr], [0, ''])
    // The agent may be as fast as whoever looks at the answer.
    const [, state] = answered.stdout.split('files/create_directory  ')
    t.match(state, /^(approved|consumed)\n$/)
    t.match(await waiting, { content: [{ text: '{"text":"invoices"}' }] })
    t.equal(made('invoices'), 1)
  })

  await t.test('is refused when somebody denies it with kubectl writ', async t => {
    const waiting = call('backups')
    const name = await asked('backups')
    const short = name.slice(4, 12)
    const args = ['-n', 'team-a', '--reason', 'not today', '-o', 'json']
    const { code, stdout } = await writ(ana, 'deny', short, ...args)
    t.equal(code, 0)
    t.match(JSON.parse(stdout), {
      outcome: 'counted',
      request: { name, namespace: 'team-a', state: 'denied', reason: 'not today' },
    })
    t.match(await waiting, { isError: true, content: [{ text: /not today/ }] })
  })

  await t.test('stays held whatever others write', async t => {
    const waiting = call('payroll')
    const name = await asked('payroll')

    const lacking = await writ(eve, 'approve', name, '-n', 'team-a')
    t.equal(lacking.code, 1)
    t.match(lacking.stdout, 'Not counted: eve@example.com lacks the verb approve on the')
    t.match(await patch(eve, name, { by, decision: 'approve' }), {
      code: 1,
      stderr: /A decision is given in the own name: by must be eve@example\.com\./,
    })
    const own = await writ(ben, 'approve', name, '-n', 'team-a', '-o', 'json')
    t.equal(own.code, 1)
    t.match(JSON.parse(own.stdout), {
      outcome: 'own_agent',
      message: 'The agent is yours: somebody else must decide.',
      request: { state: 'pending' },
    })
    const unnamed = await writ(cleo, 'deny', name, '-n', 'team-a')
    t.strictSame(unnamed, {
      code: 1,
      stdout: `${name}  fixer  files/create_directory\nNot counted: None of the workflows that are asked names you.\n`,
      stderr: '',
    })
    t.equal(made('payroll'), 0)

    const shown = await writ(ana, 'get', name, '-n', 'team-a')
    t.match(shown.stdout, `${name}  pending    team-a/fixer  files/create_directory  ask-me 0/1  `)
    t.match(shown.stdout, '"text": "payroll"')
    t.match(shown.stdout, 'ask-me: 0 of 1 approvals; may be given by ana\n')
    t.match(shown.stdout, 'ben@example.com (approve): The agent is yours: somebody else must')
    t.match(shown.stdout, /at {8}team-a\/accesspolicies\/files:\d+\n/)
    t.match(shown.stdout, 'A person looks at new folders first.')

    const listed = await writ(ana, 'get', '-n', 'team-a', '--state', 'pending', '-o', 'json')
    t.match(JSON.parse(listed.stdout), [{ name, state: 'pending', tool: 'create_directory' }])
    t.match(await writ(ana, 'get', '-n', 'team-a'), { code: 0, stdout: new RegExp(`^${name}`) })

    t.match(await writ(ana, 'approve', name, '-n', 'team-a'), { code: 0 })
    t.match(await waiting, { content: [{ text: '{"text":"payroll"}' }] })
    t.equal(made('payroll'), 1)
  })

  await t.test('is followed by whoever watches', async t => {
    const { printed, stop } = watch(t, ana)
    await eventually(async () => printed.err.includes('nothing waits for an answer'))
    const waiting = call('offers')
    const name = await asked('offers')
    await eventually(async () => printed.out.includes(`${name}  pending `))
    t.match(await patch(ana, name, { by, decision: 'deny' }), { code: 0 })
    await eventually(async () => printed.out.includes(`${name}  denied `))
    t.match(await waiting, { isError: true })
    t.equal(await stop(), 0)
  })

  await t.test('survives a controller that is killed while somebody answers', async t => {
    const waiting = call('contracts')
    const name = await asked('contracts')
    await stop()
    t.match(await patch(ana, name, { by, decision: 'approve' }), { code: 0 })
    const late = await writ(ana, 'approve', name, '-n', 'team-a', '--timeout', '1')
    t.equal(late.code, 2)
    t.match(late.stdout, 'Not answered yet: The controller has not answered;')
    await start()
    t.match(await waiting, { content: [{ text: '{"text":"contracts"}' }] })
    const { decisions } = await eventually(async () => {
      const now = await status(name)
      return now.state === 'consumed' && now.decisions[1].outcome && now
    })
    t.match(decisions, [{ outcome: 'counted' }, { outcome: /^(already_voted|already_resolved)$/ }])
    t.equal(made('contracts'), 1)
  })

  await t.test('is told apart from what is not there', async t => {
    const nothing = await writ(ana, 'approve', 'apr-0000000000000000', '-n', 'team-a')
    t.equal(nothing.code, 2)
    t.match(nothing.stderr, 'there is no request apr-0000000000000000 in the namespace team-a')
    const elsewhere = await writ(ana, 'get', '-n', 'writ-system')
    t.equal(elsewhere.code, 2)
    t.match(elsewhere.stderr, 'User "ana@example.com" cannot list resource "approvalrequests"')
    const where = await writ(ana, 'get', '--context', 'another')
    t.strictSame([where.code, where.stdout], [2, ''])
    t.match(where.stderr, 'the kubeconfig names no context another')
    const file = await writ(ana, 'get', '--kubeconfig', '/nowhere/config')
    t.match(file.stderr, '/nowhere/config cannot be read')
  })
})
