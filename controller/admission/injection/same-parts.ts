import { isDeepStrictEqual } from 'node:util'
import type { Container } from './pod.ts'
import type { Volume } from './sidecar-volumes.ts'

/** Where the API server mounts the pod's own token into every container that it knows. */
const accountMount = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * Whether a container is the one that was meant. The API server, quotas and policies on images may set how
 * much it gets, when its image is fetched, and mount the pod's own token; nothing else.
 */
export function isSameContainer(container: Container, meant: Container): boolean {
  return isDeepStrictEqual(essence(container), essence(meant))
}

/** Whether a volume is the one that was meant. */
export function isSameVolume(volume: Volume, meant: Volume): boolean {
  return isDeepStrictEqual(plain(volume), plain(meant))
}

function essence({ resources, imagePullPolicy, volumeMounts = [], ...rest }: Container): unknown {
  const mounts = volumeMounts.filter(({ mountPath }) => mountPath !== accountMount)
  return plain({ ...rest, volumeMounts: mounts })
}

/** Without what is undefined, as JSON has it. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
