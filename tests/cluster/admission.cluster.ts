import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import t from 'tap'
import { configurations, hookedWorld } from './hooked-world.ts'
import { modelPolicy, until } from './policy-world.ts'

const policy = (when: string) =>
  JSON.stringify({
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name: 'guard', namespace: 'team-a' },
    spec: modelPolicy({ when, action: 'allow' }),
  })

t.test('what does not compile is refused by kubectl apply', async t => {
  const { api, serve, states } = await hookedWorld(t, ['team-a'])
  const controller = await serve(t)
  const apply = (input: string, ...more: readonly string[]) =>
    api.kubectl(['apply', '-f', '-', ...more], { input })

  await t.test('with the field, the column, the line and the remedy', async t => {
    const { code, stdout, stderr } = await apply(policy('model.name == "parrot" && sesion.x'))
    t.strictSame({ code, stdout }, { code: 1, stdout: '' })
    const [, said] = stderr.split('denied the request: ')
    t.equal(
      said,
      [
        'it does not compile:',
        'spec.models[0].rules[0].when, column 27: There is no variable sesion. (unknown_variable)',
        '    model.name == "parrot" && sesion.x',
        `    ${' '.repeat(26)}^`,
        '  help: Did you mean "session"?',
        '',
      ].join('\n'),
    )
  })

  await t.test('in a dry run too, and when it is an edit', async t => {
    const wrong = policy('1 + 1')
    t.match(await apply(wrong, '--dry-run=server'), { code: 1, stderr: /not_a_bool/ })
    t.match(await apply(policy('model.name == "parrot"')), { code: 0 })
    t.match(await apply(wrong), { code: 1, stderr: /not_a_bool/ })
    t.match(await apply(wrong, '--server-side', '--force-conflicts'), {
      code: 1,
      stderr: /not_a_bool/,
    })
    const patch = ['patch', 'accesspolicy', 'guard', '-n', 'team-a', '--type=json', '-p']
    const edit = [{ op: 'add', path: '/spec/models/0/rules/0/when', value: '1 + 1' }]
    t.match(await api.kubectl([...patch, JSON.stringify(edit)]), { code: 1, stderr: /not_a_bool/ })
  })

  await t.test('and what is only doubtful is a warning', async t => {
    const { code, stderr } = await apply(policy('model.name == "parrot" || true'))
    t.equal(code, 0)
    t.match(
      stderr,
      /^Warning: spec\.models\[0\]\.rules\[0\]\.when, column 1: .*\(constant_condition\)/,
    )
  })

  await t.test('but not for what the next object may bring', async t => {
    const workflow = { when: 'true', action: 'require_approval', approvalWorkflow: 'later' }
    const metadata = { name: 'asking', namespace: 'team-a' }
    const object = { ...JSON.parse(policy('true')), metadata, spec: modelPolicy(workflow) }
    const { code, stderr } = await apply(JSON.stringify(object), '--dry-run=server')
    t.equal(code, 0)
    t.match(stderr, /^Warning: spec\.models\[0\]\.rules\[0\]\.approvalWorkflow.*unknown_reference/m)
  })

  await t.test('with another certificate when that was lost', async t => {
    const bundles = async () =>
      (await configurations(api)).flatMap(({ webhooks }) =>
        webhooks.map(({ clientConfig }) => clientConfig.caBundle),
      )
    const before = await bundles()
    const lost = ['patch', 'secret', 'writ-webhook-certificates', '-n', 'writ-system']
    t.match(await api.kubectl([...lost, '--type=json', '-p', '[{"op":"remove","path":"/data"}]']), {
      code: 0,
    })
    await until(async () => (await bundles()).every(bundle => !before.includes(bundle)))
    await until(async () => /not_a_bool/.test((await apply(policy('1 + 1'))).stderr))
  })

  await t.test('not while no controller runs, and then its status says so', async t => {
    await controller.stop()
    t.match(await apply(policy('1 + 1')), { code: 0, stdout: /configured/ })
    const again = await serve(t)
    await until(async () => /^Accepted=False/.test(await states('AccessPolicy', 'team-a', 'guard')))

    const label = ['label', 'accesspolicy', 'guard', '-n', 'team-a', 'seen=yes']
    t.match(await api.kubectl(label), { code: 0 }, 'what it says around its rules can be changed')
    t.match(await apply(policy('2 + 2')), { code: 1, stderr: /not_a_bool/ })
    t.match(await api.kubectl(['delete', 'accesspolicy', 'guard', '-n', 'team-a']), { code: 0 })
    await again.stop()
  })
})

t.test('two controllers serve one certificate that they made themselves', async t => {
  const { api, serve } = await hookedWorld(t, [])
  const secret = async () => {
    const path = '/api/v1/namespaces/writ-system/secrets/writ-webhook-certificates'
    const { data = {} } = (await api.ask('GET', path)).body
    return data as Record<string, string>
  }
  t.strictSame(await secret(), {}, 'the chart makes it empty')
  const serving = serve(t, { args: ['--identity', 'a'] })
  const beside = serve(t, { args: ['--identity', 'b', '--webhook-port', '0'] })
  const [, second] = await Promise.all([serving, beside])
  await until(() => second.log.some(line => line.includes('webhooks served')))

  const { 'ca.crt': authority = '', 'tls.crt': certificate = '', ...keys } = await secret()
  t.strictSame(Object.keys(keys).sort(), ['ca.key', 'tls.key'])
  for (const { webhooks } of await configurations(api)) {
    t.strictSame(
      webhooks.map(({ clientConfig }) => clientConfig.caBundle),
      [authority],
    )
  }
  const address = second.log.find(line => line.includes('webhooks served')) ?? ''
  const { url } = JSON.parse(address)
  const { hostname, port } = new URL(url)
  const ca = Buffer.from(authority, 'base64')
  const shown = await new Promise<X509Certificate | undefined>((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca })
    socket.once('error', reject).once('secureConnect', () => {
      resolve(socket.getPeerX509Certificate())
      socket.destroy()
    })
  })
  const kept = new X509Certificate(Buffer.from(certificate, 'base64'))
  t.equal(shown?.fingerprint256, kept.fingerprint256)
})
