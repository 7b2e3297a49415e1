import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { root, serve, writ } from './writ.ts'

const run = promisify(execFile)

t.test('the package that is published does what the checkout does', async t => {
  const folder = t.testdir()
  const built = join(folder, 'writ')
  // What tap loads into every process does not go together with the compiler.
  const build = [process.execPath, join(root, 'cli/generate/built-package.ts'), built]
  await run('env', ['-u', 'NODE_OPTIONS', ...build], { cwd: root })
  const main = join(built, 'cli/main.js')

  const files = await readdir(built, { recursive: true })
  t.strictSame(
    files.filter(name => /\.ts$/.test(name)),
    [],
    'there is no TypeScript in it',
  )
  const { bin, dependencies, devDependencies } = JSON.parse(
    await readFile(join(built, 'package.json'), 'utf8'),
  )
  t.equal(bin.writ, 'cli/main.js')
  t.ok(Object.keys(dependencies).length > 0)
  t.equal(devDependencies, undefined)

  for (const args of [['--version'], ['check', 'examples/airline', '-o', 'json']]) {
    t.strictSame(await writ(args, { main }), await writ(args), args.join(' '))
  }

  const cwd = join(folder, 'elsewhere')
  await mkdir(cwd)
  const ports = ['--proxy-port', '0', '--controller-port', '0']
  const serving = await serve(['up', ...ports], { main, cwd }, t.teardown)
  const answer = await fetch(`${serving.ready.proxy}/anthropic/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': serving.ready.key },
    body: JSON.stringify({
      model: 'claude-sonnet-5',
      max_tokens: 20,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
  t.equal(answer.status, 200, 'threads, database and the scripted provider are there')
  await answer.arrayBuffer()
  t.equal(await serving.stop(), 0)
})
