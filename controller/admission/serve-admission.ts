import { run, type Service } from '../../lifecycle/run.ts'
import type { Kube } from '../kubernetes/kube.ts'
import type { CheckObject } from '../kubernetes/reconcile/check-object.ts'
import { certificateFiles } from './certificates/certificate-files.ts'
import { keepTrusted } from './certificates/keep-trusted.ts'
import { type KeptCertificates, keptCertificates } from './certificates/kept-certificates.ts'
import { kubeSecret } from './certificates/kube-secret.ts'
import { trustAuthorities, type WebhookConfiguration } from './certificates/trust-authorities.ts'
import { readInjectionSettings } from './injection/injection-settings.ts'
import { podWebhooks } from './injection/pod-webhooks.ts'
import { policyWebhooks } from './validation/policy-webhook.ts'
import { webhookServer } from './webhook-server.ts'

/** How webhooks are served. */
export interface AdmissionOptions {
  /** 0 picks a free one. */
  readonly port: number
  /** Folder with `tls.crt` and `tls.key` that somebody else renews; the controller makes its own certificates when omitted. */
  readonly certificateFolder?: string
  /** Names and addresses under which the API server reaches the webhooks; that of the chart's Service when omitted. */
  readonly names?: readonly string[]
  /** File that says what sidecars are like; none are added when omitted. */
  readonly injection?: string
}

export interface AdmissionNeeds {
  readonly options: AdmissionOptions & { readonly host: string; readonly podNamespace: string }
  readonly kube: Pick<Kube, 'get' | 'create' | 'replace' | 'patch'>
  /** What sidecars are made with: the version of Writ, and the controller's public key. */
  readonly origin: { readonly version: string; readonly controllerKey: string }
  readonly check: CheckObject
  readonly now: () => number
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
    error(fields: object, message: string): void
  }
}

/** The webhooks of Writ, in two parts. */
export interface Admission {
  /** Serves them, in every replica. Rejects with an AdmissionFailure when a file of the options is unusable. */
  readonly serving: readonly Service[]
  /** Makes the API server trust their certificate, in one replica. */
  readonly trusting: readonly Service[]
}

/** Puts the webhooks together; nothing is opened before they run. */
export function serveAdmission(needs: AdmissionNeeds): Admission {
  const { options, origin, kube, log } = needs
  const onFailure = (error: unknown) => log.warn({ err: error }, 'webhook certificates not renewed')
  const { certificateFolder: folder } = options
  const kept = folder === undefined ? ownCertificates(needs, onFailure) : null
  const serving: Service = {
    name: 'admission',
    async run(signal) {
      const pods = await podsOf(options, origin)
      const certificates = kept ?? (await certificateFiles({ folder: folder ?? '', onFailure }))
      const webhooks = new Map([...policyWebhooks(needs.check), ...pods])
      const { host, port } = options
      const server = webhookServer({ host, port, certificates, webhooks, log })
      server.listening.then(
        url => log.info({ url: url.origin }, 'webhooks served'),
        () => undefined,
      )
      await run([certificates, server], signal)
    },
  }
  return { serving: [serving], trusting: kept === null ? [] : [trusting(kept, kube, onFailure)] }
}

function trusting(
  kept: KeptCertificates,
  kube: AdmissionNeeds['kube'],
  onFailure: (error: unknown) => void,
): Service {
  return keepTrusted({
    authorities: kept.authorities,
    async trust(authorities) {
      for (const configuration of configurations) {
        await trustAuthorities(kube, configuration, authorities)
      }
    },
    onFailure,
  })
}

async function podsOf({ injection }: AdmissionOptions, origin: AdmissionNeeds['origin']) {
  if (injection === undefined) return []
  return podWebhooks({ settings: await readInjectionSettings(injection), ...origin })
}

/** What the chart calls the configurations that call these webhooks. */
const configurations: readonly WebhookConfiguration[] = [
  { resource: 'validatingwebhookconfigurations', name: 'writ-validation' },
  { resource: 'validatingwebhookconfigurations', name: 'writ-injection' },
  { resource: 'mutatingwebhookconfigurations', name: 'writ-injection' },
]

function ownCertificates(
  { options, kube, now }: AdmissionNeeds,
  onFailure: (error: unknown) => void,
): KeptCertificates {
  const { podNamespace: namespace } = options
  return keptCertificates({
    secret: kubeSecret(kube, { namespace, name: 'writ-webhook-certificates' }),
    names: options.names ?? [`writ-controller.${namespace}.svc`],
    now,
    onFailure,
  })
}
