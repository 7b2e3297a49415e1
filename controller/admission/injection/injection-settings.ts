import { readFile } from 'node:fs/promises'
import { Ajv } from 'ajv'
import Type from 'typebox'
import { parse } from 'yaml'
import { AdmissionFailure } from '../failure.ts'

const amounts = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]))

const InjectionFile = Type.Object(
  {
    image: Type.String({ minLength: 1 }),
    pullPolicy: Type.Union(['Always', 'IfNotPresent', 'Never'].map(policy => Type.Literal(policy))),
    controller: Type.String({ pattern: '^https?://[^/\\s]+/?$' }),
    secrets: Type.Optional(Type.String({ minLength: 1 })),
    resources: Type.Optional(
      Type.Object(
        { requests: Type.Optional(amounts), limits: Type.Optional(amounts) },
        { additionalProperties: false },
      ),
    ),
    telemetry: Type.Optional(
      Type.Record(Type.String({ pattern: '^OTEL_[A-Z_]+(?<!_HEADERS)$' }), Type.String(), {
        additionalProperties: false,
      }),
    ),
    port: Type.Optional(port()),
    probePort: Type.Optional(port()),
    egress: Type.Optional(
      Type.Object(
        {
          lockAll: Type.Optional(Type.Boolean()),
          image: Type.Optional(Type.String({ minLength: 1 })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)

function port() {
  return Type.Integer({ minimum: 1, maximum: 65_535 })
}

/** What sidecars of this installation are like. */
export interface InjectionSettings {
  readonly image: string
  readonly pullPolicy: string
  /** Address at which sidecars reach the controller. */
  readonly controller: string
  /** Where sidecars look credentials up, as `--secrets` of `writ proxy` has it; `env` when the file says nothing. */
  readonly secrets: string
  readonly resources: {
    readonly requests?: Readonly<Record<string, string>>
    readonly limits?: Readonly<Record<string, string>>
  }
  /** Variables of OpenTelemetry that sidecars get; never headers: whoever may look at a pod may read them. */
  readonly telemetry?: Readonly<Record<string, string>>
  /** Where agents reach the sidecar, on loopback; 7401 when the file says nothing. */
  readonly port: number
  /** Where the kubelet asks whether the sidecar is ready; 7402 when the file says nothing. */
  readonly probePort: number
  readonly egress: {
    /** Whether every pod with a sidecar is locked. */
    readonly lockAll: boolean
    /** Image with `nft`; null: pods cannot be locked. */
    readonly image: string | null
  }
}

const isInjectionFile = new Ajv({ strict: false }).compile<Type.Static<typeof InjectionFile>>(
  InjectionFile,
)

/** Reads the file, YAML. Rejects with `injection_unusable`. */
export async function readInjectionSettings(file: string): Promise<InjectionSettings> {
  const written = await readFile(file, 'utf8').then(parse).catch(unusable(file))
  if (!isInjectionFile(written)) {
    const [{ instancePath, message } = {}] = isInjectionFile.errors ?? []
    return unusable(file)(new TypeError(`${instancePath || 'it'} ${message}`))
  }
  const { image, pullPolicy, controller, egress = {}, resources = {} } = written
  return {
    ...{ image, pullPolicy, controller },
    secrets: written.secrets ?? 'env',
    ...(written.telemetry !== undefined && { telemetry: written.telemetry }),
    port: written.port ?? 7401,
    probePort: written.probePort ?? 7402,
    egress: { lockAll: egress.lockAll ?? false, image: egress.image ?? null },
    resources: {
      ...(resources.requests !== undefined && { requests: texts(resources.requests) }),
      ...(resources.limits !== undefined && { limits: texts(resources.limits) }),
    },
  }
}

function texts(amounts: Readonly<Record<string, string | number>>) {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, `${amount}`]))
}

function unusable(file: string) {
  return (cause: unknown): never => {
    const message = `${file} does not say what sidecars are like: ${Object(cause).message}`
    throw new AdmissionFailure('injection_unusable', message, { cause })
  }
}
