import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Authority } from './authority.ts'

/** What the servers of a cluster are started with. */
export interface ControlPlane {
  readonly folder: string
  readonly authority: Authority
  readonly etcdPort: number
  readonly port: number
}

/** Arguments of etcd: one member that does not wait for the disk. */
export function etcdArguments({ folder, etcdPort }: ControlPlane): string[] {
  const url = `http://127.0.0.1:${etcdPort}`
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    '--listen-peer-urls=http://127.0.0.1:0',
    '--unsafe-no-fsync',
    '--log-level=warn',
  ]
}

/** Arguments of kube-apiserver; writes its certificate and the key that signs tokens. */
export function apiServerArguments({ folder, authority, etcdPort, port }: ControlPlane): string[] {
  const serving = authority.server('serving', [
    'DNS:localhost',
    'DNS:kubernetes.default.svc',
    'IP:127.0.0.1',
  ])
  const tokens = tokenKeys(folder)
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    // The address of a loopback server is refused as an endpoint, and nothing here looks for one.
    '--endpoint-reconciler-type=none',
    `--tls-cert-file=${serving.certFile}`,
    `--tls-private-key-file=${serving.keyFile}`,
    `--client-ca-file=${authority.certFile}`,
    '--authorization-mode=Node,RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${tokens.publicFile}`,
    `--service-account-signing-key-file=${tokens.privateFile}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--allow-privileged=true',
  ]
}

/** Arguments of kube-controller-manager, with the few controllers that do not need nodes. */
export function controllersArguments({ folder, authority }: ControlPlane, admin: string): string[] {
  const controllers = [
    'namespace-controller',
    'serviceaccount-controller',
    'root-ca-certificate-publisher-controller',
    'garbage-collector-controller',
  ]
  return [
    `--kubeconfig=${admin}`,
    `--controllers=${controllers.join(',')}`,
    `--root-ca-file=${authority.certFile}`,
    `--service-account-private-key-file=${join(folder, 'tokens.key')}`,
    '--leader-elect=false',
    '--secure-port=0',
  ]
}

function tokenKeys(folder: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const privateFile = join(folder, 'tokens.key')
  const publicFile = join(folder, 'tokens.pub')
  writeFileSync(privateFile, privateKey.export({ format: 'pem', type: 'sec1' }), { mode: 0o600 })
  writeFileSync(publicFile, publicKey.export({ format: 'pem', type: 'spki' }))
  return { privateFile, publicFile }
}
