import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto'

/** A secret made up for a test, of the form that its issuer publishes. */
export interface PlantedSecret {
  /** A kind of the table in docs/security.md. */
  readonly kind: string
  /** The text in which it is planted: the secret, and what goes before it where that tells what it is. */
  readonly text: string
  /** The part that nobody may see. */
  readonly secret: string
}

const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const lower = upper.toLowerCase()
const digits = '0123456789'
const alnum = upper + lower + digits

function random(letters: string, length: number): string {
  return Array.from({ length }, () => letters[randomInt(letters.length)]).join('')
}

const hex = (length: number) => random('0123456789abcdef', length)
const url = (length: number) => random(`${alnum}_-`, length - 1) + random(alnum, 1)
const base64 = (bytes: number) => randomBytes(bytes).toString('base64')

/** Of each kind at least one, each time another. */
export function plantedSecrets(): readonly PlantedSecret[] {
  return [...tokens(), ...marked(), ...named()]
}

const whole = (kind: string, text: string): PlantedSecret => ({ kind, text, secret: text })

function within(kind: string, before: string, secret: string, after = ''): PlantedSecret {
  return { kind, text: before + secret + after, secret }
}

/** Those that are told by how they begin. */
function tokens(): readonly PlantedSecret[] {
  return [
    ...['ghp', 'gho', 'ghu', 'ghs', 'ghr'].map(start =>
      whole('GitHub token', `${start}_${random(alnum, 36)}`),
    ),
    whole('GitHub fine-grained token', `github_pat_${random(alnum, 22)}_${random(alnum, 59)}`),
    whole('GitLab token', `glpat-${url(20)}`),
    whole('GitLab token', `glrt-${url(20)}`),
    whole('GitLab token', `GR1348941${url(20)}`),
    whole('Atlassian token', `ATATT3xFfGF0${url(180)}`),
    whole('npm token', `npm_${random(alnum, 36)}`),
    whole('PyPI token', `pypi-AgEIcHlwaS5vcmc${url(140)}`),
    whole('RubyGems key', `rubygems_${hex(48)}`),
    whole('Docker Hub token', `dckr_pat_${url(27)}`),
    whole('Postman key', `PMAK-${hex(24)}-${hex(34)}`),
    whole('AWS access key id', `AKIA${random(`${upper}234567`, 16)}`),
    whole('AWS access key id', `ASIA${random(`${upper}234567`, 16)}`),
    whole('AWS session token', `IQoJb3JpZ2luX2Vj${base64(300)}`),
    whole('Amazon Bedrock key', `ABSKQmVkcm9ja${base64(80)}`),
    whole('Google API key', `AIza${url(35)}`),
    whole('Google OAuth token', `ya29.${url(180)}`),
    whole('Google OAuth client secret', `GOCSPX-${url(28)}`),
    whole('Alibaba Cloud key id', `LTAI${random(alnum, 20)}`),
    whole('DigitalOcean token', `dop_v1_${hex(64)}`),
    whole('Heroku key', `HRKU-AA${url(58)}`),
    whole('Cloudflare token', `cfut_${random(alnum, 40)}${hex(8)}`),
    whole('Cloudflare token', `v1.0-${hex(24)}-${hex(146)}`),
    whole('Fly.io token', `fm2_${base64(90)}`),
    whole('Supabase key', `sbp_${hex(40)}`),
    whole('PlanetScale token', `pscale_tkn_${url(43)}`),
    whole('Databricks token', `dapi${hex(32)}`),
    whole('Pulumi token', `pul-${hex(40)}`),
    whole('Vault or OpenBao token', `hvs.${url(90)}`),
    whole('Vault or OpenBao token', `s.${random(alnum, 23)}7`),
    whole('1Password token', `ops_eyJ${base64(300)}`),
    whole('Doppler token', `dp.pt.${random(alnum, 43)}`),
    whole('age secret key', `AGE-SECRET-KEY-1${random(upper + digits, 58)}`),
    whole('OpenAI, Anthropic or OpenRouter key', `sk-proj-${url(140)}${random(alnum, 16)}`),
    whole('OpenAI, Anthropic or OpenRouter key', `sk-${random(alnum, 48)}`),
    whole('OpenAI, Anthropic or OpenRouter key', `sk-ant-api03-${url(75)}${random(alnum, 18)}AA`),
    whole('OpenAI, Anthropic or OpenRouter key', `sk-or-v1-${hex(64)}`),
    whole('Hugging Face token', `hf_${random(upper + lower, 34)}`),
    whole('Hugging Face token', `api_org_${random(upper + lower, 34)}`),
    whole('Groq key', `gsk_${random(alnum, 52)}`),
    whole('xAI key', `xai-${random(alnum, 80)}`),
    whole('Perplexity key', `pplx-${random(alnum, 48)}`),
    whole('Replicate token', `r8_${random(alnum, 37)}`),
    whole(
      'Slack token',
      `xoxb-${random('123456789', 12)}-${random('123456789', 12)}-${random(alnum, 24)}`,
    ),
    whole('Slack token', `xoxe.xoxp-1-${random(alnum, 164)}`),
    whole(
      'Slack token',
      `xapp-1-A${random(upper + digits, 10)}-${random('123456789', 13)}-${hex(64)}`,
    ),
    whole('Discord bot token', discordToken()),
    whole('Telegram bot token', `${random('123456789', 10)}:AA${url(33)}`),
    whole('Twilio key', `SK${hex(32)}`),
    whole('SendGrid key', `SG.${url(22)}.${url(43)}`),
    whole('Mailgun key', `key-${hex(32)}`),
    whole('Brevo key', `xkeysib-${hex(64)}-${random(alnum, 16)}`),
    whole('Stripe key', `sk_live_${random(alnum, 99)}`),
    whole('Stripe key', `rk_live_${random(alnum, 24)}`),
    whole('Stripe key', `sk_test_${random(alnum, 24)}`),
    whole('webhook signing secret', `whsec_${base64(24)}`),
    whole('Square token', `sq0atp-${url(22)}`),
    whole('Square token', `EAAA${url(60)}`),
    ...['at', 'ca', 'pa', 'ss'].map(one => whole('Shopify token', `shp${one}_${hex(32)}`)),
    whole('Linear key', `lin_api_${random(alnum, 40)}`),
    whole('Notion token', `ntn_${random(alnum, 46)}`),
    whole('Notion token', `secret_${random(alnum, 43)}`),
    whole('Figma token', `figd_${url(40)}`),
    whole('Airtable token', `pat${random(alnum, 14)}.${hex(64)}`),
    whole('Grafana token', `glsa_${random(alnum, 32)}_${hex(8)}`),
    whole('Grafana token', `glc_${base64(90)}`),
    whole('Sentry token', `sntryu_${hex(64)}`),
    whole('New Relic key', `NRAK-${random(upper + digits, 27)}`),
    whole('Dynatrace token', `dt0c01.${random(upper + digits, 24)}.${random(upper + digits, 64)}`),
    whole('Tailscale key', `tskey-auth-${random(alnum, 17)}-${random(alnum, 32)}`),
    ...['', 'ses_', 'at_', 'rt_', 'lnk_'].map(kind =>
      whole('key of Writ', `writ_${kind}${randomBytes(32).toString('base64url')}`),
    ),
    whole('JSON Web Token', jwt()),
  ]
}

function discordToken(): string {
  const user = Buffer.from(`1${random(digits, 17)}`)
    .toString('base64')
    .replace(/=+$/, '')
  return `${user}.${url(6)}.${url(38)}`
}

function jwt(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = part({ alg: 'HS256', typ: 'JWT' })
  return `${header}.${part({ sub: random(digits, 10), iat: 1 })}.${randomBytes(32).toString('base64url')}`
}

/** Those that are told by what is beside or in them. */
function marked(): readonly PlantedSecret[] {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const body = pem.split('\n')[1] ?? ''
  const legacy = `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,${hex(32).toUpperCase()}\n\n`
  const password = url(16)
  return [
    { kind: 'private key (PEM, SSH, PGP)', text: pem, secret: body },
    within('private key (PEM, SSH, PGP)', legacy, base64(48), '\n-----END RSA PRIVATE KEY-----'),
    within('private key (PEM, SSH, PGP)', '-----BEGIN OPENSSH PRIVATE KEY-----\n', base64(48)),
    within(
      'private key (PuTTY)',
      'PuTTY-User-Key-File-3: ssh-ed25519\nComment: me\nPrivate-Lines: 1\n',
      base64(36),
      '\nPrivate-MAC: 00',
    ),
    whole('private key (PEM, SSH, PGP), as Base64', Buffer.from(pem).toString('base64')),
    within('Bearer token', 'Bearer ', url(40)),
    within('Basic credentials', 'Basic ', Buffer.from(`ana:${password}`).toString('base64')),
    within('password in a URL or connection string', 'postgres://ana:', password, '@db:5432/app'),
    within('password in a URL or connection string', 'redis://:', password, '@cache/0'),
    within(
      'password in a URL or connection string',
      'Server=db;User Id=ana;Password=',
      password,
      ';Encrypt=true',
    ),
    within('password of a command (`-u name:password`)', 'curl -u ana:', password, ' https://x'),
    within(
      'value under a telling name',
      'AccountName=a;AccountKey=',
      base64(64),
      ';EndpointSuffix=x',
    ),
    within(
      'signature in a URL (Azure SAS, Amazon, Google)',
      'https://a.blob.core.windows.net/c?sv=2022-11-02&sig=',
      encodeURIComponent(base64(32)),
      '&se=1',
    ),
    whole('Entra client secret', `${random(alnum, 3)}8Q~${url(34)}`),
    whole('Google refresh token', `1//0${url(100)}`),
    whole('Terraform token', `${random(alnum, 14)}.atlasv1.${url(67)}`),
    within(
      'Slack webhook',
      'https://hooks.slack.com/services/',
      `T${random(upper, 10)}/B${random(upper, 10)}/${random(alnum, 24)}`,
    ),
    within('Discord webhook', `https://discord.com/api/webhooks/1${random(digits, 18)}/`, url(68)),
    within('Teams webhook', 'https://a.webhook.office.com/webhookb2/', `${hex(36)}/x/${hex(32)}`),
    within('PayPal token', 'access_token$production$', `${random(lower + digits, 16)}$${hex(32)}`),
    whole('card number', cardNumber()),
    whole('card number', cardNumber().replace(/(\d{4})(?=\d)/g, '$1 ')),
  ]
}

function cardNumber(): string {
  const start = `4${random(digits, 14)}`
  const sum = [...start].map(Number).reduce((sum, digit, i) => {
    const twice = i % 2 === 0 ? digit * 2 : digit
    return sum + (twice > 9 ? twice - 9 : twice)
  }, 0)
  return `${start}${(10 - (sum % 10)) % 10}`
}

/** Those without a form, under a name that tells. */
function named(): readonly PlantedSecret[] {
  const kind = 'value under a telling name'
  const word = () => `${random(lower, 6)}${random(digits, 4)}${random(lower, 4)}`
  return [
    within(kind, 'DB_PASSWORD=', word()),
    within(kind, 'aws_secret_access_key = ', base64(30)),
    within(kind, '{"password":"', word(), '"}'),
    within(kind, "{'api-key': '", word(), "'}"),
    within(kind, 'clientSecret: "', word(), '"'),
    within(kind, 'mysql --password=', word()),
    within(kind, 'deploy --api-key ', word(), ' now'),
    within(kind, 'https://example.com/?user=ana&access_token=', word(), '&x=1'),
    within(kind, 'X-Api-Key: ', word()),
    within(kind, 'Authorization: Token ', word()),
    within(kind, 'Cookie: session=', word()),
  ]
}
