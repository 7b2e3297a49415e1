import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from './child.ts'

/** Takes what OpenTelemetry sends and forgets it. */
const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => response.writeHead(200).end())
})
server.listen(0, '127.0.0.1', () => {
  serve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
