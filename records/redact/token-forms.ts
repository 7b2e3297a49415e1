/** A credential that begins with what its issuer puts before all of its kind. */
export interface TokenForm {
  /** What it is, as people call it. */
  readonly kind: string
  /** The first two characters of every one. */
  readonly starts: readonly string[]
  /** Matches the whole, which holds sixteen of the letters `A-Za-z0-9+/_-` in a row; where it has a group, that ends it and alone is secret. */
  readonly form: RegExp
  /** Tells a find from what only looks like one. */
  readonly check?: (found: string) => boolean
}

const mixed = (found: string) => /\d/.test(found) && /[A-Za-z]/.test(found)

/** Words that are joined by hyphens hold no long run of letters and digits. */
const dense = (found: string) => /[A-Za-z0-9]{16}/.test(found)

const varied = (found: string) => new Set(found).size > 9

/** The first part of the token of a bot is the Base64 of its user id. */
function isBot(found: string): boolean {
  const [id = ''] = found.split('.')
  return /^\d{15,20}$/.test(Buffer.from(id, 'base64').toString('latin1'))
}

const botStarts = ['M', 'N', 'O'].flatMap(first => ['D', 'T', 'j', 'z'].map(next => first + next))

/**
 * The forms are facts that the issuers publish, in their documentation (GitHub "authentication token formats", GitLab "token
 * prefixes", Cloudflare "token formats", Slack "token types", AWS IAM "unique identifiers", RFC 7519 for JWT) or as the patterns
 * that they registered with GitHub secret scanning; compared with those of gitleaks and secretlint.
 */
export const tokenForms: readonly TokenForm[] = [
  { kind: 'Google refresh token', starts: ['1/'], form: /1\/\/0[\w-]{40,256}/y },
  {
    kind: 'Terraform token',
    starts: ['at'],
    form: /(?<=\.)atlasv1\.([\w=-]{60,70})/y,
  },
  {
    kind: 'Slack webhook',
    starts: ['ho'],
    form: /hooks\.slack\.com\/(?:services|workflows|triggers)\/([\w/]{16,256})/y,
  },
  {
    kind: 'Discord webhook',
    starts: ['di'],
    form: /discord(?:app)?\.com\/api\/webhooks\/\d{15,20}\/([\w-]{40,128})/y,
  },
  {
    kind: 'Teams webhook',
    starts: ['we'],
    form: /webhook\.office\.com\/webhookb2\/([\w@/-]{36,300})/y,
  },
  {
    kind: 'private key (PEM, SSH, PGP), as Base64',
    starts: ['LS'],
    form: /LS0tLS1CRUdJTi[\w+/=-]{16,32768}/y,
    check: found =>
      Buffer.from(found.slice(0, 96), 'base64').toString('latin1').includes('PRIVATE KEY'),
  },
  { kind: 'GitHub token', starts: ['gh'], form: /gh[pousr]_\w{30,255}/y },
  { kind: 'GitHub fine-grained token', starts: ['gi'], form: /github_pat_\w{30,255}/y },
  {
    kind: 'GitLab token',
    starts: ['gl'],
    form: /gl(?:pat|dt|rt|rtr|cbt|ptt|ft|imt|agent|oas|soat|ffct|wt)-[\w.-]{20,320}/y,
  },
  { kind: 'GitLab token', starts: ['GR'], form: /GR1348941[\w-]{20}/y },
  {
    kind: 'Atlassian token',
    starts: ['AT'],
    form: /AT(?:[ACS]TT3|BB)[\w=-]{24,400}/y,
    check: mixed,
  },
  { kind: 'npm token', starts: ['np'], form: /npm_[A-Za-z0-9]{30,256}/y },
  { kind: 'PyPI token', starts: ['py'], form: /pypi-Ag[\w-]{50,1000}/y },
  { kind: 'RubyGems key', starts: ['ru'], form: /rubygems_[a-f0-9]{48}/y },
  { kind: 'Docker Hub token', starts: ['dc'], form: /dckr_(?:pat|oat)_[\w-]{27,64}/y },
  { kind: 'Postman key', starts: ['PM'], form: /PMAK-[a-f0-9]{24}-[a-f0-9]{34}/y },
  { kind: 'AWS access key id', starts: ['AK', 'AS'], form: /A[KS]IA[A-Z0-9]{16}(?![A-Z0-9])/y },
  {
    kind: 'AWS session token',
    starts: ['IQ', 'Fw'],
    form: /(?:IQoJb3JpZ2lu|FwoGZXIvYXdz)[\w+/=-]{60,4096}/y,
  },
  { kind: 'Amazon Bedrock key', starts: ['AB'], form: /ABSKQmVkcm9ja[\w+/=-]{40,400}/y },
  { kind: 'Google API key', starts: ['AI'], form: /AIza[\w-]{35}/y },
  { kind: 'Google OAuth token', starts: ['ya'], form: /ya29\.[\w.-]{20,2048}/y },
  { kind: 'Google OAuth client secret', starts: ['GO'], form: /GOCSPX-[\w-]{20,64}/y },
  { kind: 'Alibaba Cloud key id', starts: ['LT'], form: /LTAI[A-Za-z0-9]{16,26}(?![A-Za-z0-9])/y },
  { kind: 'DigitalOcean token', starts: ['do'], form: /do[opr]_v1_[a-f0-9]{64}/y },
  { kind: 'Heroku key', starts: ['HR'], form: /HRKU-[\w-]{36,64}/y },
  {
    kind: 'Cloudflare token',
    starts: ['cf'],
    form: /cf(?:k|ut|at)_[A-Za-z0-9]{48}(?![A-Za-z0-9])/y,
  },
  { kind: 'Cloudflare token', starts: ['v1'], form: /v1\.0-[a-f0-9]{24}-[a-f0-9]{146}/y },
  { kind: 'Fly.io token', starts: ['fm'], form: /fm2_[\w+/=-]{40,2048}/y },
  { kind: 'Supabase key', starts: ['sb'], form: /sb(?:p_[a-f0-9]{40}|_secret_[\w-]{20,64})/y },
  { kind: 'PlanetScale token', starts: ['ps'], form: /pscale_(?:tkn|oauth|pw)_[\w=.-]{32,64}/y },
  { kind: 'Databricks token', starts: ['da'], form: /dapi[a-f0-9]{32}(?:-\d)?/y },
  { kind: 'Pulumi token', starts: ['pu'], form: /pul-[a-f0-9]{40}/y },
  { kind: 'Vault or OpenBao token', starts: ['hv'], form: /hv[sbr]\.[\w-]{24,512}/y },
  {
    kind: 'Vault or OpenBao token',
    starts: ['s.'],
    form: /s\.[A-Za-z0-9]{24}(?![\w.-])/y,
    check: mixed,
  },
  { kind: '1Password token', starts: ['op'], form: /ops_eyJ[\w+/=-]{100,2048}/y },
  {
    kind: 'Doppler token',
    starts: ['dp'],
    form: /dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,80}/y,
  },
  { kind: 'age secret key', starts: ['AG'], form: /AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{50,4096}/y },
  {
    kind: 'OpenAI, Anthropic or OpenRouter key',
    starts: ['sk'],
    form: /(?<![\w-])sk-[\w-]{16,256}/y,
    check: dense,
  },
  { kind: 'Hugging Face token', starts: ['hf'], form: /hf_[A-Za-z0-9]{30,64}/y },
  { kind: 'Hugging Face token', starts: ['ap'], form: /api_org_[A-Za-z0-9]{30,64}/y },
  { kind: 'Groq key', starts: ['gs'], form: /gsk_[A-Za-z0-9]{40,64}/y },
  { kind: 'xAI key', starts: ['xa'], form: /xai-[A-Za-z0-9]{60,100}/y },
  { kind: 'Perplexity key', starts: ['pp'], form: /pplx-[A-Za-z0-9]{40,64}/y },
  { kind: 'Replicate token', starts: ['r8'], form: /r8_[A-Za-z0-9]{37,40}/y },
  {
    kind: 'Slack token',
    starts: ['xo'],
    form: /xox[abcdeoprs](?:\.xox[bp])?-[\w-]{10,512}/y,
    check: mixed,
  },
  { kind: 'Slack token', starts: ['xa'], form: /xapp-\d-[\w-]{20,256}/y },
  {
    kind: 'Discord bot token',
    starts: botStarts,
    form: /[MNO][\w-]{19,27}\.[\w-]{6}\.[\w-]{27,45}/y,
    check: isBot,
  },
  {
    kind: 'Telegram bot token',
    starts: Array.from({ length: 90 }, (_, i) => String(i + 10)),
    form: /\d{6,16}:AA[\w-]{32,34}(?![\w-])/y,
  },
  { kind: 'Twilio key', starts: ['SK'], form: /SK[a-f0-9]{32}(?![A-Za-z0-9])/y },
  { kind: 'SendGrid key', starts: ['SG'], form: /SG\.[\w-]{16,32}\.[\w-]{32,64}/y },
  { kind: 'Mailgun key', starts: ['ke'], form: /key-[a-f0-9]{32}(?![a-f0-9])/y },
  { kind: 'Brevo key', starts: ['xk'], form: /xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}/y },
  {
    kind: 'Stripe key',
    starts: ['sk', 'rk', 'pk'],
    form: /[srp]k_(?:live|test|prod)_\w{10,256}/y,
  },
  { kind: 'webhook signing secret', starts: ['wh'], form: /whsec_[\w+/=-]{24,128}/y },
  { kind: 'Square token', starts: ['sq'], form: /sq0[a-z]{3}-[\w-]{22,64}/y },
  { kind: 'Square token', starts: ['EA'], form: /EAAA[\w-]{50,64}(?![\w-])/y, check: varied },
  { kind: 'Shopify token', starts: ['sh'], form: /shp(?:at|ca|pa|ss|tka|atk)_[a-fA-F0-9]{32}/y },
  { kind: 'Linear key', starts: ['li'], form: /lin_(?:api|oauth)_[A-Za-z0-9]{32,64}/y },
  { kind: 'Notion token', starts: ['nt'], form: /ntn_[A-Za-z0-9]{40,64}/y },
  { kind: 'Notion token', starts: ['se'], form: /secret_[A-Za-z0-9]{43}(?![A-Za-z0-9])/y },
  { kind: 'Figma token', starts: ['fi'], form: /fig[dou]r?_[\w-]{36,80}/y },
  { kind: 'Airtable token', starts: ['pa'], form: /pat[A-Za-z0-9]{14}\.[a-f0-9]{64}/y },
  { kind: 'Grafana token', starts: ['gl'], form: /glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}/y },
  { kind: 'Grafana token', starts: ['gl'], form: /glc_[A-Za-z0-9+/]{32,400}={0,2}/y },
  { kind: 'Sentry token', starts: ['sn'], form: /sntry(?:u_[a-f0-9]{64}|s_[\w+/=-]{40,400})/y },
  { kind: 'New Relic key', starts: ['NR'], form: /NRAK-[A-Z0-9]{27}/y },
  { kind: 'Dynatrace token', starts: ['dt'], form: /dt0[a-z]\d\d\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}/y },
  { kind: 'Tailscale key', starts: ['ts'], form: /tskey-[a-z]{2,12}-[\w-]{16,80}/y },
  {
    kind: 'key of Writ',
    starts: ['wr'],
    form: /writ_(?:[a-z]{2,4}_)?[\w-]{43}(?![\w-])/y,
    check: varied,
  },
  {
    kind: 'JSON Web Token',
    starts: ['ey'],
    form: /(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{8,8192}(?:\.[\w-]{0,4096}){1,3}/y,
  },
]
