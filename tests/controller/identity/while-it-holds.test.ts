import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import t, { type Test } from 'tap'
import { whileItHolds } from '../../../controller/api/while-it-holds.ts'

/** A stream that is read until it ends; settles with how it did. */
async function stream(t: Test, holds: () => Promise<boolean>) {
  const app = express()
  app.get('/', (_request, response) => {
    whileItHolds(response, holds, 5)
    response.write('hello')
  })
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const answer = await fetch(`http://127.0.0.1:${port}/`)
  return answer.text().then(
    () => 'ended',
    () => 'cut off',
  )
}

t.test('a stream is cut off once its reader is nobody', async t => {
  let looks = 0
  const ended = stream(t, async () => {
    looks += 1
    return looks < 3
  })
  t.equal(await ended, 'cut off')
  t.equal(looks, 3)
})

t.test('that nobody can say so now cuts nobody off', async t => {
  let looks = 0
  const ended = stream(t, async () => {
    looks += 1
    if (looks < 5) throw new Error('nobody can say')
    return false
  })
  t.equal(await ended, 'cut off')
  t.equal(looks, 5)
})
