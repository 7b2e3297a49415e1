import type { Registry } from 'prom-client'
import type { Service } from '../lifecycle/run.ts'
import type { SourceFile } from '../policy/compile/source-file.ts'
import type { PriceCatalogue } from '../schemas/price-catalogue.ts'
import type { Tokens } from './api/authenticate.ts'
import type { ReviewPodToken } from './api/pod-token.ts'
import type { Secrets } from './channels/secrets.ts'
import type { CheckpointOptions } from './checkpoints/join-checkpoints.ts'
import type { KubernetesOptions } from './kubernetes/run-kubernetes.ts'
import type { Retention } from './retention/retention.ts'
import { runController } from './run-controller.ts'
import type { GitSourceOptions } from './sources/git-source.ts'

export interface ControllerOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** Host names, besides those of this machine, that requests may name. */
  readonly allowedHosts?: readonly string[]
  /** Folder of the signing key and of the embedded database; made with mode 0700 when it is not there. */
  readonly dataFolder: string
  /** URL of a PostgreSQL to use instead of the embedded database. */
  readonly databaseUrl?: string
  /** Folder or file with policies; not looked at where policies come from an API server. */
  readonly source?: string
  /** Repository that policies come from instead of a folder. */
  readonly repository?: GitSourceOptions
  /** The API server that policies come from. */
  readonly kubernetes?: KubernetesOptions
  /** Files that belong to the installation: compiled with the source, not part of it. */
  readonly ownFiles?: readonly SourceFile[]
  readonly tokens: Tokens
  /** Says whose tokens of proxies are; the API server does when there is one, and nobody else when omitted. */
  readonly podOf?: ReviewPodToken
  /** The User whom the admin token stands for; nobody when omitted: it then reads and cannot decide. */
  readonly operator?: string
  /** Looks credentials of channels and of judges up; nobody has any when omitted. */
  readonly secrets?: Secrets
  /** Address at which people and chats reach this controller; that of this machine when omitted. */
  readonly publicUrl?: URL
  /** Prices of models whose provider states none; those that come with Writ when omitted. */
  readonly prices?: PriceCatalogue
  /** Origin of Slack's response URLs; https://hooks.slack.com when omitted. */
  readonly slackOrigin?: string
  /** Ed25519 private key, PKCS #8 PEM; one is made and kept in the data folder when omitted. */
  readonly signingKey?: string
  /** How checkpoints of records are made and published. */
  readonly checkpoints?: CheckpointOptions
  /** For how long records are kept; for ever when omitted. */
  readonly retention?: Retention
  /** Folder of the console as it was built; it is not served when omitted. */
  readonly consoleFolder?: string
  readonly version: string
  /** Told where what is counted is found. */
  readonly addMetrics?: (source: () => Promise<MetricsJson>) => void
  readonly log: Log
  readonly now?: () => number
}

/** Metrics as prom-client writes them as JSON. */
export type MetricsJson = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** The controller as a service; `listening` settles when it answers, with its address. */
export interface Controller extends Service {
  readonly listening: Promise<URL>
}

/** Puts the controller together; nothing is opened before it runs. */
export function createController(options: ControllerOptions): Controller {
  const { promise, resolve, reject } = Promise.withResolvers<URL>()
  promise.catch(() => undefined)
  return {
    name: 'controller',
    listening: promise,
    async run(signal) {
      try {
        await runController(options, resolve, signal)
      } catch (error) {
        reject(error)
        throw error
      }
    },
  }
}
