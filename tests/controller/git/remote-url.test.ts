import t from 'tap'
import { isBranchName } from '../../../controller/git/branch-name.ts'
import { isRemote, placeOf, remoteUrl } from '../../../controller/git/remote-url.ts'

t.test('an address is a place and a way to it', async t => {
  const at = (text: string) => {
    const { href, place, scheme } = remoteUrl(text)
    return [href, place, scheme]
  }
  t.strictSame(at('https://github.com/Example/Policies.git'), [
    'https://github.com/Example/Policies.git',
    'github.com/example/policies',
    'https',
  ])
  t.strictSame(at('git@github.com:example/policies.git'), [
    'git@github.com:example/policies.git',
    'github.com/example/policies',
    'ssh',
  ])
  t.strictSame(at('ssh://git@github.com:22/example/policies'), [
    'ssh://git@github.com/example/policies',
    'github.com/example/policies',
    'ssh',
  ])
  t.strictSame(at('file:///srv/git/policies.git/'), [
    'file:///srv/git/policies.git',
    '/srv/git/policies.git',
    'file',
  ])
  t.strictSame(at('/srv/git/../git/policies.git'), at('file:///srv/git/policies.git'))
  t.strictSame(at('http://127.0.0.1:3000/policies'), [
    'http://127.0.0.1:3000/policies',
    '127.0.0.1:3000/policies',
    'http',
  ])
})

t.test('an address that could do something else is refused', async t => {
  for (const text of [
    'ext::sh -c touch% /tmp/run',
    'ext::sh',
    'fd::17/policies',
    'git://example.com/policies',
    'ftp://example.com/policies',
    '--upload-pack=touch /tmp/run',
    '-oProxyCommand=run',
    'ssh://-oProxyCommand=run/policies',
    'ssh://git@-oProxyCommand=run/policies',
    'git@-oProxyCommand:policies',
    'git@example.com:-oProxyCommand',
    'git@example.com:policies;run',
    'git@example.com:$(run)',
    "ssh://example.com/policies'run'",
    'ssh://example.com/-run',
    'ssh://user:password@example.com/policies',
    'https://token@example.com/policies',
    'https://user:password@example.com/policies',
    'https://example.com/policies?token=1',
    'https://example.com/policies#main',
    'https://example.com/pol\nicies',
    'http://example.com/policies',
    'http://127.0.0.1.example.com/policies',
    'http://localhost.example.com/policies',
    'file://example.com/policies',
    'policies',
    '../policies',
    '',
    `https://example.com/${'x'.repeat(3000)}`,
  ]) {
    t.throws(() => remoteUrl(text), { name: 'GitFailure', code: 'url_unusable' }, text)
    t.equal(placeOf(text), null)
  }
})

t.test('a password in an address is not repeated', async t => {
  try {
    remoteUrl('https://user:hunter2@example.com/policies')
    t.fail('it is refused')
  } catch (error) {
    t.notMatch(JSON.stringify([String(error), error]), /hunter2/)
  }
})

t.test('a folder of this machine is no remote', async t => {
  const remote = ['https://x/y', 'file:///x', 'git@x:y', 'ssh://x/y', 'ext::sh']
  t.strictSame(remote.map(isRemote), [true, true, true, true, false])
  t.strictSame(['policies', './a@b', '/srv/x', 'C:\\x', 'a:b'].map(isRemote), [
    false,
    false,
    false,
    false,
    false,
  ])
})

t.test('a branch has a name that git reads in one way', async t => {
  for (const name of ['main', 'release/1.2', 'émile', 'a-b_c+d', 'x@y', 'fix#1']) {
    t.ok(isBranchName(name), name)
  }
  const odd = ['', '-x', '/x', 'x/', 'x..y', 'x:y', '+x', 'x y', 'x\ny', '@{u}', '@', 'x.lock']
  const others = ['x*', 'x^', 'x~1', '[x', 'x\\y', '.x', 'x/.y', 'x.', 'x//y', 'x'.repeat(300)]
  for (const name of [...odd, ...others].filter(name => name !== '+x')) {
    t.notOk(isBranchName(name), name)
  }
})
