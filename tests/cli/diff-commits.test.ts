import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writ } from './writ.ts'

const policy = (action: string) => `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: deploys }
spec: { tools: [{ name: deploy, rules: [{ action: ${action} }] }] }
`

t.test('commits of a repository are compared', async t => {
  const cwd = t.testdir({})
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { cwd })
  git('init', '-q')
  mkdirSync(join(cwd, 'policies'))
  for (const action of ['allow', 'deny']) {
    writeFileSync(join(cwd, 'policies/a.yaml'), policy(action))
    git('add', '.')
    git('commit', '-qm', action)
  }
  const { code, out, err } = await writ(['diff', 'HEAD~1', 'HEAD', 'policies'], { cwd })
  t.strictSame({ code, err }, { code: 1, err: '' })
  t.match(out, /^narrowing default\/deploys: deploy: was allowed, now denied\n/)
  t.match(out, /\nproved: no call of anybody gets a looser decision\n$/)
})
