import { type Container, ownNames, sidecarUser } from './pod.ts'

/** What a sidecar needs to know. */
export interface SidecarSettings {
  readonly image: string
  readonly pullPolicy: string
  readonly resources: object
  readonly port: number
  readonly probePort: number
  /** Address of the controller. */
  readonly controller: string
  /** As `--secrets` of `writ proxy` has it. */
  readonly secrets: string
  /** Variables of OpenTelemetry. */
  readonly telemetry?: Readonly<Record<string, string>>
  /** The controller's public key: a pod can be made to reach another controller, and shall then believe nothing. */
  readonly controllerKey: string
}

/** Where the sidecar finds what the kubelet gives it. */
const sidecarPaths = {
  token: '/var/run/secrets/writ.dev',
  data: '/var/lib/writ',
} as const

/** The audience of the token that a sidecar shows to the controller. */
export const tokenAudience = 'writ'

/**
 * The proxy as a native sidecar: an init container that goes on (restartPolicy Always), so that it serves before
 * the agent starts and until after it has ended. Fields that the API server would fill in are written out.
 */
export function sidecarOf(settings: SidecarSettings, agent: string): Container {
  const { image, pullPolicy, resources, probePort, telemetry = {} } = settings
  return {
    name: ownNames.proxy,
    image,
    imagePullPolicy: pullPolicy,
    restartPolicy: 'Always',
    args: argumentsOf(settings),
    env: [
      { name: 'WRIT_AGENT', value: agent },
      { name: 'WRIT_CONTROLLER_KEY', value: settings.controllerKey },
      // Room that the engine and glibc would keep: many streams take half of the memory so, for a little processor time.
      { name: 'NODE_OPTIONS', value: '--max-semi-space-size=1' },
      { name: 'MALLOC_ARENA_MAX', value: '1' },
      ...Object.entries(telemetry).map(([name, value]) => ({ name, value })),
    ],
    ports: [{ name: 'writ-probe', containerPort: probePort, protocol: 'TCP' }],
    startupProbe: probe(probePort, { periodSeconds: 1, failureThreshold: 120 }),
    readinessProbe: probe(probePort, { periodSeconds: 5, failureThreshold: 2 }),
    resources,
    securityContext: {
      runAsUser: sidecarUser,
      runAsGroup: sidecarUser,
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      privileged: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    volumeMounts: [
      { name: ownNames.token, mountPath: sidecarPaths.token, readOnly: true },
      { name: ownNames.data, mountPath: sidecarPaths.data },
    ],
  }
}

/** Words rather than environment: a Service of the namespace can set variables of every container in it. */
function argumentsOf({ port, probePort, controller, secrets }: SidecarSettings): string[] {
  return [
    'proxy',
    '--host=127.0.0.1',
    `--port=${port}`,
    `--probe-port=${probePort}`,
    `--controller=${controller}`,
    `--token-file=${sidecarPaths.token}/token`,
    `--data=${sidecarPaths.data}/proxy`,
    '--durability=batched',
    '--small-heap',
    `--secrets=${secrets}`,
    '--output=json',
  ]
}

function probe(port: number, limits: { periodSeconds: number; failureThreshold: number }) {
  return {
    httpGet: { path: '/readyz', port, scheme: 'HTTP' },
    timeoutSeconds: 2,
    successThreshold: 1,
    ...limits,
  }
}
