import t from 'tap'
import { approvalWorld, expectDone, question } from './approval-world.ts'

const id = 'apr-0123456789abcdef'
const mine = (by: string, more: object = {}) => ({ by, decision: 'approve', ...more })

t.test('the API server holds a question', async t => {
  const { api, controller, person } = await approvalWorld(t, { controllers: true })
  const ana = await person('ana', 'ask-me')
  const bob = await person('bob')
  const eve = await person('eve', 'another')

  /** Makes a question anew, and lets the controller say how it stands. */
  const ask = async (name: string, status: object = {}, workflows?: readonly string[]) => {
    const as = controller
    await expectDone(
      api.kubectl(['create', '-f', '-'], { as, input: JSON.stringify(question(name, workflows)) }),
    )
    const path = `/apis/writ.dev/v1alpha1/namespaces/team-a/approvalrequests/${name}`
    const object = (await api.ask('GET', path)).body
    const input = JSON.stringify({ ...object, status: { ...object.status, ...status } })
    await expectDone(api.kubectl(['replace', '--raw', `${path}/status`, '-f', '-'], { as, input }))
  }
  const patch = (as: string, body: unknown, { name = id, type = 'json', sub = 'status' } = {}) =>
    api.kubectl(
      [
        ...['patch', 'approvalrequest', name, '-n', 'team-a', `--type=${type}`],
        ...(sub === '' ? [] : [`--subresource=${sub}`]),
        ...['-p', JSON.stringify(body)],
      ],
      { as },
    )
  const add = (decision: object) => [{ op: 'add', path: '/status/decisions/-', value: decision }]
  const statusOf = async (name: string) => {
    const path = `/apis/writ.dev/v1alpha1/namespaces/team-a/approvalrequests/${name}`
    return (await api.ask('GET', path)).body
  }
  /** What the API server says against it: the text of the admission policy, or of RBAC. */
  const said = async (ended: ReturnType<typeof api.kubectl>) => {
    const { code, stderr } = await ended
    return code === 0 ? 'done' : stderr.replace(/^.*denied request: /s, '').trim()
  }

  await ask(id)

  await t.test('a person adds a decision in the own name', async t => {
    t.equal(await said(patch(ana, add(mine('ana', { reason: 'as agreed' })))), 'done')
    const { status } = await statusOf(id)
    t.strictSame(status, {
      state: 'pending',
      decisions: [{ by: 'ana', decision: 'approve', reason: 'as agreed' }],
    })
  })

  await t.test('kubectl shows it at a glance', async t => {
    const { stdout } = await api.kubectl(['get', 'apr', '-n', 'team-a'], { as: ana })
    const [head, row] = stdout.split('\n').map(line => line.split(/\s{2,}/).slice(0, 6))
    t.strictSame(head, ['NAME', 'STATE', 'AGENT', 'TOOL', 'WORKFLOW', 'EXPIRES'])
    t.strictSame(row, [
      ...[id, 'pending', 'fixer', 'create_directory', 'ask-me'],
      '2026-11-21T10:05:00.000Z',
    ])
  })

  const theController = 'The controller alone '
  const nothingElse =
    'People add a decision and change nothing else; how a question stands, the controller says.'
  const oneAtTheEnd = 'Add exactly one decision, at the end; those that are there stay as they are.'
  const noChange = 'Nobody changes a question. To answer it, add a decision to its status.'

  await t.test('nobody answers who lacks the verb approve on the workflow', async t => {
    const lacks = (name: string) =>
      `${name} lacks the verb approve on the approvalworkflows.writ.dev that are asked: ask-me.`
    t.equal(await said(patch(bob, add(mine('bob')))), lacks('bob'))
    t.equal(await said(patch(eve, add(mine('eve')))), lacks('eve'))
    t.equal(await said(patch(eve, add({ by: 'eve', decision: 'deny' }))), lacks('eve'))
  })

  await t.test('nobody answers whom RBAC does not let write on the status', async t => {
    const stranger = api.user('stranger')
    t.match(await said(patch(stranger, add(mine('stranger')))), /User "stranger" cannot get/)
  })

  await t.test('nobody answers in the name of somebody else', async t => {
    const own = 'A decision is given in the own name: by must be eve.'
    t.equal(await said(patch(eve, add(mine('ana')))), own)
    t.equal(await said(patch(eve, add(mine('Eve')))), own)
    t.match(await said(patch(ana, add(mine('')))), /should be at least 1 chars long/)
    t.match(await said(patch(ana, add({ decision: 'approve' }))), /by: Required value/)
    t.match(
      await said(patch(ana, add({ by: 'ana', decision: 'maybe' }))),
      /Unsupported value: "maybe"/,
    )
  })

  await t.test('nobody says what becomes of a decision', async t => {
    const text = 'What becomes of a decision, the controller says; give by, decision and reason.'
    const at = '2026-11-21T10:00:00Z'
    for (const more of [{ outcome: 'counted' }, { at }, { message: 'Your answer counts.' }]) {
      t.equal(await said(patch(ana, add(mine('ana', more)))), text)
    }
  })

  await t.test('nobody says how a question stands', async t => {
    const condition = {
      ...{ type: 'Resolved', status: 'True', reason: 'Approved', message: 'Approved.' },
      lastTransitionTime: '2026-11-21T10:00:00Z',
    }
    for (const status of [
      { state: 'approved' },
      { reason: 'because' },
      { resolvedAt: '2026-11-21T10:00:00Z' },
      { votes: [{ user: 'ana', decision: 'approve', surface: 'cli', at: '2026-11-21T10:00:00Z' }] },
      {
        workflows: [
          { name: 'ask-me', required: 1, received: 1, mayDecide: [], requireReason: false },
        ],
      },
      { conditions: [condition] },
    ]) {
      t.equal(await said(patch(ana, { status }, { type: 'merge' })), nothingElse)
    }
    const both = [...add(mine('ana')), { op: 'replace', path: '/status/state', value: 'approved' }]
    t.equal(await said(patch(ana, both)), nothingElse)
    const forgotten = 'apr-0000000000000001'
    await ask(forgotten, { reason: 'a reason' })
    const removed = [{ op: 'remove', path: '/status/reason' }]
    t.equal(await said(patch(ana, removed, { name: forgotten })), nothingElse)
    const cleared = [{ op: 'remove', path: '/status' }]
    t.equal(await said(patch(ana, cleared, { name: forgotten })), nothingElse)
  })

  await t.test('nobody edits, removes, replaces or reorders decisions that are there', async t => {
    const name = 'apr-0000000000000002'
    const decisions = [
      { by: 'ana', decision: 'deny', outcome: 'reason_required' },
      { by: 'bob', decision: 'deny' },
    ]
    await ask(name, { decisions })
    const path = '/status/decisions'
    for (const body of [
      [{ op: 'replace', path: `${path}/1/decision`, value: 'approve' }],
      [{ op: 'replace', path: `${path}/0/reason`, value: 'another' }],
      [{ op: 'remove', path: `${path}/0/outcome` }],
      [{ op: 'remove', path: `${path}/1` }],
      [{ op: 'remove', path }],
      [{ op: 'replace', path, value: [] }],
      [{ op: 'replace', path, value: [mine('ana')] }],
      [{ op: 'add', path: `${path}/0`, value: mine('ana') }],
      [{ op: 'replace', path: `${path}/1`, value: mine('ana') }, ...add(mine('ana'))],
      [{ op: 'remove', path: `${path}/1` }, ...add(mine('ana'))],
      [...add(mine('ana')), ...add(mine('ana'))],
    ]) {
      t.equal(await said(patch(ana, body, { name })), oneAtTheEnd, JSON.stringify(body))
    }
    t.strictSame((await statusOf(name)).status.decisions, decisions)
  })

  await t.test('merge patches, PUT and server-side apply are held to the same', async t => {
    const name = 'apr-0000000000000003'
    const first = { by: 'bob', decision: 'deny' }
    await ask(name, { decisions: [first] })
    const merge = (status: object) => said(patch(ana, { status }, { name, type: 'merge' }))
    t.equal(await merge({ decisions: [mine('ana')] }), oneAtTheEnd)
    t.equal(await merge({ decisions: null }), oneAtTheEnd)

    const put = async (change: (status: object) => object) => {
      const object = await statusOf(name)
      const input = JSON.stringify({ ...object, status: change(object.status) })
      return said(api.kubectl(['replace', '--subresource=status', '-f', '-'], { as: ana, input }))
    }
    t.equal(await put(status => ({ ...status, state: 'approved' })), nothingElse)
    t.equal(await put(status => ({ ...status, decisions: [mine('ana')] })), oneAtTheEnd)
    t.equal(await put(status => status), oneAtTheEnd)

    const apply = (status: object, ...more: readonly string[]) => {
      const { spec: _, ...rest } = question(name)
      const input = JSON.stringify({ ...rest, status })
      const args = ['apply', '--server-side', '--subresource=status', ...more, '-f', '-']
      return said(api.kubectl(args, { as: ana, input }))
    }
    const force = '--force-conflicts'
    t.equal(await apply({ state: 'approved', decisions: [first] }, force), nothingElse)
    t.equal(await apply({ decisions: [mine('ana')] }, force), oneAtTheEnd)
    const posing = ['--field-manager=writ-controller', force]
    t.equal(await apply({ state: 'approved', decisions: [first] }, ...posing), nothingElse)

    t.equal(await put(status => ({ ...status, decisions: [first, mine('ana')] })), 'done')
    const third = [first, mine('ana'), { by: 'ana', decision: 'deny' }]
    t.equal(await apply({ decisions: third }, force), 'done')
    t.equal(await merge({ decisions: [...third, mine('ana')] }), 'done')
    t.strictSame((await statusOf(name)).status.decisions, [...third, mine('ana')])
  })

  await t.test('nobody changes the question or what stands around it', async t => {
    const spec = [{ op: 'replace', path: '/spec/args', value: '{"path":"elsewhere"}' }]
    for (const as of [ana, api.admin]) {
      t.match(await said(patch(as, spec, { sub: '' })), /a question is never changed/)
    }
    t.match(await said(patch(controller, spec, { sub: '' })), /cannot patch resource/)
    const label = [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }]
    t.equal(await said(patch(ana, label, { sub: '' })), noChange)
    t.equal(await said(patch(ana, add(mine('ana')), { sub: '' })), noChange)
    const before = await statusOf(id)
    const around = [
      ...add(mine('ana')),
      { op: 'replace', path: '/spec/args', value: '{"path":"elsewhere"}' },
      { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
      { op: 'add', path: '/metadata/finalizers', value: ['example.com/held'] },
    ]
    t.equal(await said(patch(ana, around)), 'done')
    const after = await statusOf(id)
    t.strictSame(
      [after.spec, after.metadata.labels, after.metadata.finalizers],
      [before.spec, undefined, undefined],
    )
  })

  await t.test('nobody makes a question, and nobody removes one', async t => {
    for (const as of [ana, api.admin]) {
      const input = JSON.stringify(question('apr-0000000000000009'))
      const made = said(api.kubectl(['create', '-f', '-'], { as, input }))
      t.equal(await made, `${theController}asks questions.`)
      const remove = (...what: readonly string[]) =>
        said(api.kubectl(['delete', 'approvalrequests', '-n', 'team-a', ...what], { as }))
      const kept = `${theController}removes questions, a day after they are over.`
      t.equal(await remove(id), kept)
      t.equal(await remove('--all'), kept)
    }
    t.equal((await statusOf(id)).metadata.name, id)
  })

  await t.test('programs do not answer, whatever they may do', async t => {
    const account = 'system:serviceaccount:team-a:default'
    await person(account, 'ask-me')
    const token = await expectDone(api.kubectl(['create', 'token', 'default', '-n', 'team-a']))
    const bot = api.bearer(token.trim())
    const text = 'People decide; service accounts and other programs do not.'
    t.equal(await said(patch(bot, add(mine(account)))), text)
    const node = api.user('system:node:one', 'system:masters')
    t.equal(await said(patch(node, add(mine('system:node:one')))), text)
  })

  await t.test('who answers as another is let in only as that other', async t => {
    const body = JSON.stringify(add(mine('ana')))
    const args = [
      ...['patch', 'approvalrequest', id, '-n', 'team-a', '--type=json'],
      ...['--subresource=status', '-p', body, '--as=ana'],
    ]
    t.match(await said(api.kubectl(args, { as: eve })), /"eve" cannot impersonate/)
    // Who may impersonate is that person to the API server, and to everything behind it.
    t.equal(await said(api.kubectl(args)), 'done')
    const own = 'A decision is given in the own name: by must be ana.'
    const posing = args.map(arg => (arg === body ? JSON.stringify(add(mine('admin'))) : arg))
    t.equal(await said(api.kubectl(posing)), own)
  })

  await t.test('an answer to what is decided comes too late', async t => {
    const name = 'apr-0000000000000004'
    await ask(name, { state: 'denied' })
    const text = 'It is too late: the question is denied.'
    t.equal(await said(patch(ana, add(mine('ana')), { name })), text)
  })

  await t.test('nobody fills a question with answers', async t => {
    const name = 'apr-0000000000000005'
    await ask(name, { decisions: Array.from({ length: 8 }, () => mine('ana')) })
    const text = 'You have answered this question eight times; that is enough.'
    t.equal(await said(patch(ana, add(mine('ana')), { name })), text)
    const dan = await person('dan', 'ask-me')
    t.equal(await said(patch(dan, add(mine('dan')), { name })), 'done')
    const long = mine('dan', { reason: 'x'.repeat(5000) })
    t.match(await said(patch(dan, add(long), { name })), /Too long: may not be more than 4096/)
  })

  await t.test('the permission for one of several workflows is enough', async t => {
    const workflows = Array.from({ length: 8 }, (_, index) => `workflow-${index}`)
    const name = 'apr-0000000000000006'
    await ask(name, {}, workflows)
    const last = await person('last', 'workflow-7')
    const none = await person('none', 'workflow-8')
    t.equal(await said(patch(last, add(mine('last')), { name })), 'done')
    t.match(await said(patch(none, add(mine('none')), { name })), /^none lacks the verb approve/)
  })

  await t.test('where the owners are asked, the permission is one for every workflow', async t => {
    const name = 'apr-0000000000000007'
    await ask(name, {}, [''])
    const owner = await person('owner', '*')
    t.equal(await said(patch(owner, add(mine('owner')), { name })), 'done')
    t.match(await said(patch(ana, add(mine('ana')), { name })), /those of the whole namespace/)
  })

  await t.test('the permission in one namespace is none in another', async t => {
    const name = 'apr-0000000000000008'
    const lent = question(name, ['ask-me'])
    const workflows = [{ namespace: 'writ-system', name: 'ask-me' }]
    const input = JSON.stringify({ ...lent, spec: { ...lent.spec, workflows } })
    await expectDone(api.kubectl(['create', '-f', '-'], { as: controller, input }))
    t.match(await said(patch(ana, add(mine('ana')), { name })), /^ana lacks the verb approve/)
  })

  await t.test('a namespace that is deleted takes its questions along', async t => {
    const { code, stderr } = await api.kubectl(['delete', 'namespace', 'team-a', '--timeout=60s'])
    t.strictSame({ code, stderr }, { code: 0, stderr: '' })
  })
})
