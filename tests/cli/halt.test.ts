import t from 'tap'
import { connect, up, workplace } from './quickstart.ts'
import { writ } from './writ.ts'

t.test('everything is halted, looked at and lifted by hand', async t => {
  const folder = workplace(t)
  const serving = await up(t, folder, 'policies')
  const data = serving.ready.data
  const client = await connect(t, serving)
  const { tools } = await client.listTools()
  t.ok(tools.length > 0)
  const call = () => client.callTool({ name: 'notes_list_directory', arguments: { path: '.' } })
  const run = (...args: string[]) => writ(['halt', ...args, '--data', data])

  t.match((await run()).err, 'a halt needs a reason')
  t.match((await run('list')).out, 'Nothing was ever halted.')
  t.match((await run('--namespace', 'nope', '--reason', 'x')).err, 'Nothing is in force in nope')
  t.match((await run('--agent', 'nope', '--reason', 'x')).err, 'No Agent nope is in force there')

  const halted = await run('--reason', 'incident 4711', '-o', 'json')
  t.equal(halted.code, 0, halted.err)
  const { id, progress } = JSON.parse(halted.out)
  t.strictSame(progress, { proxies: 1, done: 1, waitingFor: [], silent: [] })
  const refused = await call()
  t.equal(refused.isError, true)
  t.match(JSON.stringify(refused), `everything is halted by local since`)
  t.match(JSON.stringify(refused), `(${id}): incident 4711.`)
  t.equal((await client.listTools()).tools.length, tools.length, 'what there is can be seen')
  const status = await writ(['status', '--data', data])
  t.match(status.out, `halted    ${id} everything since `)
  t.match(status.out, 'by local: incident 4711; 1/1 proxies refuse')

  t.match((await run('lift', id)).err, 'a lift needs a reason')
  const lifted = await run('lift', id, '--reason', 'over')
  t.equal(lifted.code, 0, lifted.err)
  t.match(lifted.out, `${id} lifted: everything; 1/1 proxies let calls through again`)
  t.notMatch(JSON.stringify(await call()), 'halted')
  t.match((await run('lift', id, '--reason', 'over')).err, 'It is lifted already.')
  t.match((await run('list')).out, `(lifted by local, unreviewed: over)`)
})
