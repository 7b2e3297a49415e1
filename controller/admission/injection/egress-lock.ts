import { type Container, ownNames, sidecarUser } from './pod.ts'

/**
 * One transaction of nft (nft(8)). Out goes: to loopback, what the sidecar sends, answers to who came in,
 * and what IPv6 needs to find its neighbours. All else fails at once.
 */
const lockRules = [
  'add table inet writ',
  'add chain inet writ out { type filter hook output priority 0 ; policy drop ; }',
  'add rule inet writ out oifname "lo" accept',
  `add rule inet writ out meta skuid ${sidecarUser} accept`,
  'add rule inet writ out ct state established,related accept',
  'add rule inet writ out icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept',
  'add rule inet writ out reject with icmpx type admin-prohibited',
].join(' ; ')

/** The init container that locks the pod's network before anything else runs in it; it can change nothing else. */
export function egressLock(image: string, pullPolicy: string): Container {
  return {
    name: ownNames.lock,
    image,
    imagePullPolicy: pullPolicy,
    command: ['nft'],
    args: [lockRules],
    resources: {
      requests: { cpu: '10m', memory: '16Mi' },
      limits: { memory: '32Mi' },
    },
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      privileged: false,
      capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  }
}
