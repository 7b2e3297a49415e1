import t from 'tap'
import { AccountFailure } from '../../../controller/accounts/failure.ts'
import { checkPassword, hashPassword, isPassword } from '../../../controller/accounts/password.ts'

const password = 'correct horse battery staple'

t.test('a hash is of its password and of no other', async t => {
  const hash = await hashPassword(password)
  t.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
  t.ok(await isPassword(hash, password))
  t.notOk(await isPassword(hash, `${password} `))
  t.notOk(await isPassword(hash, ''))
  t.not(await hashPassword(password), hash, 'each has a salt of its own')
})

t.test('a hash that another implementation made is understood', async t => {
  // `echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32`, of the reference implementation.
  const known =
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  t.ok(await isPassword(known, 'password'))
  t.notOk(await isPassword(known, 'passwort'))
})

t.test('the same text typed in another form is the same password', async t => {
  const hash = await hashPassword('caf\u00e9 caf\u00e9 caf\u00e9 12')
  t.ok(await isPassword(hash, 'cafe\u0301 cafe\u0301 cafe\u0301 12'))
})

t.test('a text that is no hash is of no password', async t => {
  for (const text of ['', password, '$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$AAAA', '$2b$10$x']) {
    t.notOk(await isPassword(text, password), text)
  }
})

t.test('a password that is long but endless is not looked at', async t => {
  t.notOk(await isPassword(await hashPassword(password), 'x'.repeat(1_000_000)))
})

t.test('passwords that are guessed are refused', async t => {
  for (const weak of [
    'short',
    'x'.repeat(14),
    'x'.repeat(40),
    'abababababababab',
    'anaanaanaanaanaana1',
    'é'.repeat(257),
  ]) {
    t.throws(() => checkPassword(weak, 'ana'), { code: 'password_unusable' }, weak.slice(0, 40))
  }
  t.doesNotThrow(() => checkPassword(password, 'ana'))
  t.doesNotThrow(() => checkPassword('пароль для всех нас', 'ana'))
  t.ok(new AccountFailure('busy', 'x') instanceof Error)
})
