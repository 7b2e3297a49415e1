import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  issueServing,
  makeAuthority,
} from '../../../controller/admission/certificates/authority.ts'
import { certificateFiles } from '../../../controller/admission/certificates/certificate-files.ts'
import type { ServingCertificate } from '../../../controller/admission/certificates/certificates.ts'
import { readInjectionSettings } from '../../../controller/admission/injection/injection-settings.ts'

const serving = async () => issueServing(await makeAuthority(Date.now()), ['a.b.svc'], Date.now())

function put(folder: string, { cert, key }: Partial<ServingCertificate>): void {
  if (cert !== undefined) writeFileSync(join(folder, 'tls.crt'), cert)
  if (key !== undefined) writeFileSync(join(folder, 'tls.key'), key)
}

t.test('a certificate from files is used, and another one when the files change', async t => {
  const folder = t.testdir()
  const [first, second] = [await serving(), await serving()]
  put(folder, first)
  const failures: unknown[] = []
  const certificates = await certificateFiles({
    folder,
    onFailure: error => {
      failures.push(error)
      put(folder, second)
    },
  })
  t.strictSame(certificates.current(), first)
  const stop = new AbortController()
  const next = new Promise(resolve => certificates.subscribe(resolve))
  const running = certificates.run(stop.signal)
  put(folder, { cert: second.cert })
  t.strictSame(await next, second)
  stop.abort()
  await running
  t.match(failures, [{ code: 'certificate_unusable' }], 'half of a pair was not used')
})

t.test('without a good pair to begin with, nothing is served', async t => {
  const { cert } = await serving()
  const { key } = await serving()
  const folder = t.testdir({ empty: {}, foreign: {} })
  const open = (name: string) =>
    certificateFiles({ folder: join(folder, name), onFailure: () => undefined })
  await t.rejects(open('empty'), { code: 'certificate_unusable', message: /\(ENOENT\)$/ })
  put(join(folder, 'foreign'), { cert, key })
  await t.rejects(open('foreign'), { code: 'certificate_unusable' })
})

t.test('what sidecars are like is read from a file, with the rest filled in', async t => {
  const folder = t.testdir({
    'short.yaml': 'image: writ:1\npullPolicy: Always\ncontroller: http://c.svc:7400\n',
    'long.yaml': `
image: writ:1
pullPolicy: Never
controller: https://c.svc
secrets: kubernetes
telemetry: { OTEL_EXPORTER_OTLP_ENDPOINT: http://c:4318 }
port: 1
probePort: 2
resources: { requests: { cpu: 1, memory: 5Mi }, limits: { cpu: "2" } }
egress: { lockAll: true, image: lock:1 }
`,
  })
  t.strictSame(await readInjectionSettings(join(folder, 'short.yaml')), {
    image: 'writ:1',
    pullPolicy: 'Always',
    controller: 'http://c.svc:7400',
    secrets: 'env',
    port: 7401,
    probePort: 7402,
    egress: { lockAll: false, image: null },
    resources: {},
  })
  t.strictSame(await readInjectionSettings(join(folder, 'long.yaml')), {
    image: 'writ:1',
    pullPolicy: 'Never',
    controller: 'https://c.svc',
    secrets: 'kubernetes',
    telemetry: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' },
    port: 1,
    probePort: 2,
    egress: { lockAll: true, image: 'lock:1' },
    resources: { requests: { cpu: '1', memory: '5Mi' }, limits: { cpu: '2' } },
  })
})

t.test('a file that says something else is refused, with what is wrong', async t => {
  const good = 'image: a\npullPolicy: Always\ncontroller: http://c:1\n'
  const files: Record<string, [string, RegExp]> = {
    a: ['', /it must be object$/],
    b: ['image: [', /does not say what sidecars are like/],
    c: [good.replace('Always', 'Sometimes'), /\/pullPolicy/],
    d: [good.replace('http://c:1', 'c:1'), /\/controller must match pattern/],
    e: [`${good}imgae: b\n`, /it must NOT have additional properties$/],
    f: [`${good}port: 0\n`, /\/port must be >= 1$/],
    g: [`${good}telemetry: { OTEL_EXPORTER_OTLP_HEADERS: a=b }\n`, /\/telemetry must NOT have/],
    h: [`${good}telemetry: { NODE_OPTIONS: x }\n`, /\/telemetry must NOT have additional/],
  }
  const folder = t.testdir(
    Object.fromEntries(Object.entries(files).map(([k, [text]]) => [k, text])),
  )
  for (const [name, [, message]] of Object.entries(files)) {
    await t.rejects(readInjectionSettings(join(folder, name)), {
      code: 'injection_unusable',
      message,
    })
  }
  await t.rejects(readInjectionSettings(join(folder, 'nothing')), { code: 'injection_unusable' })
})
