import type { V1Volume } from '@kubernetes/client-node'
import { ownNames } from './pod.ts'
import { tokenAudience } from './sidecar.ts'

export type Volume = V1Volume

/** What a sidecar mounts: a token of the pod for the controller alone, renewed by the kubelet, and room for its journal. */
export const sidecarVolumes: readonly Volume[] = [
  {
    name: ownNames.token,
    projected: {
      defaultMode: 0o644,
      sources: [
        {
          serviceAccountToken: { audience: tokenAudience, expirationSeconds: 3600, path: 'token' },
        },
      ],
    },
  },
  { name: ownNames.data, emptyDir: { sizeLimit: '1Gi' } },
]
