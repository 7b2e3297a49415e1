import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { markedForms } from '../../../records/redact/marked-forms.ts'
import { redact, redactText } from '../../../records/redact/redact.ts'
import { tokenForms } from '../../../records/redact/token-forms.ts'
import { plantedSecrets } from './planted-secrets.ts'

const root = join(import.meta.dirname, '../../..')

const kinds = new Set([
  ...[...tokenForms, ...markedForms].map(({ kind }) => kind),
  'card number',
  'value under a telling name',
])

/** Ways in which people and programs write a text into another. */
const ways: { readonly [name: string]: (text: string) => unknown } = {
  'as a value': text => text,
  'in a sentence': text => `please use ${text} for it`,
  'on a line of its own': text => `first\n${text}\nlast`,
  'deep in an object': text => ({ a: [{ b: { note: text } }] }),
  'as a key': text => ({ [text]: 1 }),
  'in JSON': text => JSON.stringify({ note: text }),
  'in JSON in a sentence': text => `the body is ${JSON.stringify({ note: text })} as sent`,
  'in JSON in JSON': text => JSON.stringify({ body: JSON.stringify({ note: text }) }),
  'escaped for a URL': text => `https://example.com/?x=${encodeURIComponent(text)}`,
  'escaped twice': text => encodeURIComponent(encodeURIComponent(`${text} `)),
  'as Base64': text => Buffer.from(`it is ${text}`).toString('base64'),
  'as Base64 of URLs': text => Buffer.from(`it is ${text}`).toString('base64url'),
  'as Base64 in a command': text =>
    `echo ${Buffer.from(`it is ${text}`).toString('base64')} | base64 -d`,
  'as Base64 of JSON': text => Buffer.from(JSON.stringify({ note: text })).toString('base64'),
}

/** The ways in which the secret itself could still be read. */
function readings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('base64').replace(/.{0,3}=*$/, ''),
    bytes.toString('base64url').replace(/.{0,3}$/, ''),
  ]
}

for (const [way, plant] of Object.entries(ways)) {
  t.test(`every kind of secret is found ${way}, and once is enough`, async t => {
    for (let round = 0; round < 10; round += 1) {
      for (const { kind, text, secret } of plantedSecrets()) {
        const planted = plant(text)
        const shown = redact(planted as Parameters<typeof redact>[0])
        const json = JSON.stringify(shown)
        const read = readings(secret).filter(reading => json.includes(reading))
        if (read.length > 0 || json === JSON.stringify(planted)) t.fail(`${kind}: ${json}`)
        if (JSON.stringify(redact(shown)) !== json) t.fail(`${kind}, again: ${json}`)
      }
    }
    t.pass()
  })
}

t.test('a secret is planted of every kind that is known, and every kind is documented', async t => {
  const planted = new Set(plantedSecrets().map(({ kind }) => kind))
  t.strictSame([...kinds].filter(kind => !planted.has(kind)).sort(), [])
  t.strictSame([...planted].filter(kind => !kinds.has(kind)).sort(), [])
  t.ok(kinds.size >= 60)
  const page = readFileSync(join(root, 'docs/security.md'), 'utf8')
  t.strictSame([...kinds].filter(kind => !page.includes(kind)).sort(), [])
})

t.test('what has the name of a secret is masked, whatever it is', async t => {
  const secrets = {
    password: 'p',
    apiKey: ['k'],
    api_key: { a: 'b' },
    'X-API-Key': 'k',
    'pass phrase': 'words',
    DB_PASS: 'x',
    userPin: '12',
    Authorization: 'x',
    pin: 1234,
    env: [{ name: 'DB_PASSWORD', value: 'plain' }],
    argv: ['mysql', '--password', 'plain', '--verbose'],
    fill: { element: 'Password field', ref: 'e1', text: 'plain' },
    body: '{"user":"ana","credentials":{"word":"plain"},"pin":1234}',
  }
  t.strictSame(redact(secrets), {
    password: '[redacted]',
    apiKey: '[redacted]',
    api_key: '[redacted]',
    'X-API-Key': '[redacted]',
    'pass phrase': '[redacted]',
    DB_PASS: '[redacted]',
    userPin: '[redacted]',
    Authorization: '[redacted]',
    pin: '[redacted]',
    env: [{ name: 'DB_PASSWORD', value: '[redacted]' }],
    argv: ['mysql', '--password', '[redacted]', '--verbose'],
    fill: { element: 'Password field', ref: 'e1', text: '[redacted]' },
    body: '{"user":"ana","credentials":"[redacted]","pin":"[redacted]"}',
  })
  const hostile = JSON.parse('{"__proto__":{"password":"p"},"constructor":1}')
  t.equal(
    JSON.stringify(redact(hostile)),
    '{"__proto__":{"password":"[redacted]"},"constructor":1}',
  )
})

t.test('only the secret is masked, and what is beside it can be read', async t => {
  const texts = {
    'Authorization: Bearer 0123456789abcdef': 'Authorization: [redacted]',
    'postgres://ana:hunter2@db/x?sslmode=require': 'postgres://ana:[redacted]@db/x?sslmode=require',
    'PGPASSWORD=hunter2 psql -h db': 'PGPASSWORD=[redacted] psql -h db',
    'Server=db;Password=hunter2;Encrypt=true': 'Server=db;Password=[redacted];Encrypt=true',
    'login --token abc --user ana': 'login --token [redacted] --user ana',
    "config['api_key'] = 'abc'": "config['api_key'] = '[redacted]'",
    'a -----BEGIN PRIVATE KEY-----\\nMC4CAQA\\n-----END PRIVATE KEY----- b': 'a [redacted] b',
  }
  t.strictSame(Object.fromEntries(Object.keys(texts).map(text => [text, redactText(text)])), texts)
})

t.test('what is no secret stays as it is', async t => {
  const words = {
    max_tokens: 4096,
    secret: null,
    token: false,
    tokenizer: 'cl100k',
    secretName: 'db-credentials',
    password_required: 'yes',
    deep: [{ n: 1 }],
  }
  t.equal(redact(words), words)
  const image = readFileSync(join(root, 'node_modules/.package-lock.json')).subarray(0, 3000)
  const texts = [
    ...Array.from({ length: 100 }, () => randomUUID()),
    ...Array.from({ length: 100 }, () => createHash('sha256').update(randomUUID()).digest('hex')),
    ...Array.from({ length: 100 }, () => randomBytes(30).toString('base64')),
    `sha512-${createHash('sha512').update(image).digest('base64')}`,
    `data:image/png;base64,${Buffer.concat([Buffer.from([137, 80, 78, 71]), randomBytes(9000)]).toString('base64')}`,
    'The password must have 12 characters, and the token expires: see the table of secrets.',
    'const token = await getToken(password)\nif (password.length < 12) throw new Error(secret.name)',
    'type Login = { password: string; token: string | null; apiKey?: ApiKey }',
    'connect(user=user, password=password, token=self.token)',
    'Bearer authentication and Basic authentication are described in RFC 6750 and RFC 7617.',
    'http://localhost:3000/@vite/client and https://unpkg.com/react@18 and git@github.com:a/b.git',
    'curl "$URL" -H "Authorization: $AUTH" --user "$NAME:$PASSWORD"',
    'sk-toolbar-container-large risk-averse-people writ_controller_ledger_entries_total',
    'docker run -u 1000:1000 image; 2026-11-22T05:47:35Z; 192.168.100.200:8080; v1.24.3-rc.1',
    '1700000000000000 4111111111111112 123456789012345678',
  ]
  for (const text of texts) t.equal(redactText(text), text)
})

t.test('a page about channels, their secrets and tokens stays as it is', async t => {
  const page = readFileSync(join(root, 'docs/channels.md'), 'utf8')
  t.equal(redactText(page, page.length), page)
})

t.test('no part of a secret is shown where a text is cut', async t => {
  for (const { kind, text, secret } of plantedSecrets()) {
    for (const shown of [1, 4, Math.floor(text.length / 2), text.length - 1]) {
      const long = `${'- '.repeat(500)}${text} and ${'- '.repeat(9000)}`
      const cut = redactText(long, 1000 + shown)
      const part = secret.slice(0, Math.max(8, shown - (text.length - secret.length)))
      if (cut.includes(part)) t.fail(`${kind} after ${shown}: ${cut.slice(1000)}`)
    }
  }
  t.equal(redactText('- '.repeat(10_000)).length, 16_384 + '… (3616 more characters)'.length)
})

t.test('any text can be redacted, and again without a change', async t => {
  const part = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(...plantedSecrets().map(({ text }) => text)),
    fc.constantFrom('password', 'token=', '"', "'", '\\', '%2', '%25', '://', ': ', '{', '[', '@'),
  )
  const text = fc.array(part, { maxLength: 12 }).map(parts => parts.join(''))
  fc.assert(
    fc.property(text, text => redactText(redactText(text)) === redactText(text)),
    { numRuns: 3000 },
  )
  t.pass()
})
