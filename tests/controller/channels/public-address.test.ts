import t from 'tap'
import { httpPost } from '../../../controller/channels/http-post.ts'
import {
  isPublicAddress,
  isPublicHost,
  publicAgent,
} from '../../../controller/channels/public-address.ts'
import { receiver } from './receiver.ts'

t.test('addresses of private networks are not public, however they are written', async t => {
  const hidden = [
    ...['0.0.0.0', '10.0.0.1', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254'],
    ...[
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
    ],
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:a00:1',
      'fc00::1',
      'fd12::1',
      'fe80::1',
      'ff02::1',
    ],
    ...['64:ff9b::7f00:1', '2002:7f00:1::', '::127.0.0.1', 'fec0::1', 'localhost', ''],
  ]
  t.strictSame(
    hidden.filter(address => isPublicAddress(address)),
    [],
  )
  const open = ['1.1.1.1', '172.32.0.1', '192.169.0.1', '2606:4700::1111', '2a00:1450::1']
  t.strictSame(
    open.filter(address => !isPublicAddress(address)),
    [],
  )
})

t.test('a host that is an address is looked at, a name without a dot is none', async t => {
  const hosts = ['https://[::1]', 'https://127.1', 'https://0177.0.0.1', 'https://intranet']
  t.strictSame(
    hosts.filter(url => isPublicHost(new URL(url))),
    [],
  )
  t.ok(isPublicHost(new URL('https://push.example')))
})

t.test('a name that resolves to this machine is not connected to', async t => {
  const inside = await receiver(t)
  const dispatcher = publicAgent()
  t.teardown(() => dispatcher.destroy())
  const post = { headers: {}, body: '', signal: AbortSignal.timeout(5000) }
  const url = new URL(`http://localhost:${inside.url.port}/`)
  await t.rejects(httpPost(url, { ...post, dispatcher }), {
    code: 'unreachable',
    message: 'the address cannot be reached (ENOTPUBLIC)',
  })
  t.strictSame(inside.received, [])
  t.match(await httpPost(url, post), { status: 200 }, 'which the usual way does')
})
