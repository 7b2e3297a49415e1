import t from 'tap'
import { GivenSecrets, withholding } from '../../proxy/withhold.ts'

t.test('a secret is masked in every way in which it may be written', async t => {
  const secret = 'p4ss/w"rd+ü  long'
  const withhold = withholding([null, secret])
  const forms = [
    secret,
    JSON.stringify({ echoed: secret }),
    `https://example.com/?key=${encodeURIComponent(secret)}`,
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
  ]
  t.strictSame(forms.map(withhold), [
    '[redacted]',
    '{"echoed":"[redacted]"}',
    'https://example.com/?key=[redacted]',
    '[redacted]',
    '[redacted]',
  ])
})

t.test('every place is masked, the longer secret first', async t => {
  const withhold = withholding(['abcdefgh', 'abcdefghij'])
  t.equal(withhold('abcdefghij, abcdefgh and abcdefghij'), '[redacted], [redacted] and [redacted]')
})

t.test('what is no secret, or too short to be told from a word, stays', async t => {
  t.equal(withholding(['abc', '', null])('abc stays'), 'abc stays')
  t.equal(withholding([])('anything'), 'anything')
  t.equal(withholding(['not-in-there'])('anything'), 'anything')
})

t.test('secrets that are given later are masked as well, and the oldest are forgotten', async t => {
  const given = new GivenSecrets()
  t.equal(given.withhold('first-secret'), 'first-secret')
  given.add('first-secret\n')
  given.add('first-secret')
  t.equal(given.withhold('first-secret'), '[redacted]')
  for (let i = 0; i < 32; i += 1) given.add(`later-secret-${i + 100}`)
  t.equal(given.withhold('later-secret-131'), '[redacted]')
  t.equal(given.withhold('first-secret'), 'first-secret')
})
