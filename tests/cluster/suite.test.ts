import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { releaseOf } from './assets/programs.ts'

t.test('every part of Kubernetes is of the release of Kubernetes', async t => {
  const text = readFileSync(join(import.meta.dirname, 'assets/go.mod'), 'utf8')
  const parts = [...text.matchAll(/^\t(k8s\.io\/[a-z-]+) => \1 v0\.(\S+)$/gm)]
  t.ok(parts.length > 20, 'there are parts to look at')
  const release = releaseOf('k8s.io/kubernetes')
  t.strictSame([...new Set(parts.map(([, , minor]) => `v1.${minor}`))], [release])
})

t.test(
  'the suite against a real API server',
  { skip: 'runs apart, with Go or KUBEBUILDER_ASSETS: npm run test:cluster' },
  async () => undefined,
)
