import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const manifest = JSON.parse(read('package.json'))

interface Instruction {
  readonly word: string
  readonly rest: string
}

interface Stage {
  readonly name: string
  readonly base: string
  readonly instructions: readonly Instruction[]
}

const instructions: readonly Instruction[] = read('Containerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter(line => line.trim() !== '')
  .map(line => {
    const [word = '', ...rest] = line.split(' ')
    return { word, rest: rest.join(' ') }
  })

function stagesOf(all: readonly Instruction[]): readonly Stage[] {
  const starts = all.flatMap(({ word }, i) => (word === 'FROM' ? [i] : []))
  return starts.map((start, i) => {
    const [base = '', , name = ''] = all[start]!.rest.split(' ')
    return { name, base, instructions: all.slice(start + 1, starts[i + 1]) }
  })
}

const stages = stagesOf(instructions)
const image = stages.at(-1)!
const the = (word: string) => image.instructions.filter(found => found.word === word)

t.test('every stage has a name, and a base at a release of a registry that is named', async t => {
  t.strictSame(
    stages.map(({ name }) => name),
    ['build', 'egress-lock', 'writ-git', 'writ'],
  )
  for (const { base } of stages) {
    t.match(base, /^[a-z0-9.-]+\.[a-z]+\/[^:]+:\S+$/, base)
    t.notMatch(base, /:latest/)
  }
})

t.test('it is built with the Node that the tests run on', async t => {
  const args = Object.fromEntries(
    instructions.filter(({ word }) => word === 'ARG').map(({ rest }) => rest.split('=')),
  )
  const node: string = manifest.devDependencies.node
  t.strictSame(args, { NODE_VERSION: node, NODE_MAJOR: node.split('.')[0] })
})

t.test('the image', async t => {
  await t.test('has no shell: nothing in it is run while it is built', async t => {
    t.match(image.base, /^gcr\.io\/distroless\/.*:nonroot$/)
    t.strictSame([...the('RUN'), ...the('SHELL'), ...the('ADD')], [])
  })

  await t.test('takes nothing but what was built', async t => {
    const copies = the('COPY').map(({ rest }) => rest)
    t.strictSame(
      copies.filter(rest => !/^--from=build (--chown=65532:65532 )?\/src\//.test(rest)),
      [],
    )
  })

  await t.test(
    'runs as a user with a number, so that the kubelet can see it is not root',
    async t => {
      t.strictSame(
        the('USER').map(({ rest }) => rest),
        ['65532:65532'],
      )
      t.equal(parse(read('charts/writ/values.yaml')).runAsUser, 65_532)
    },
  )

  await t.test('starts the command of the package', async t => {
    const [entry] = the('ENTRYPOINT').map(({ rest }) => JSON.parse(rest))
    t.strictSame(entry, ['/nodejs/bin/node', '--no-concurrent-recompilation', '/app/cli/main.js'])
    t.equal(manifest.bin.writ, 'cli/main.ts')
  })

  await t.test('holds no secret', async t => {
    t.strictSame(
      the('ENV').map(({ rest }) => rest),
      ['NODE_ENV=production'],
    )
  })
})

t.test('the image with git differs from it in the system alone', async t => {
  const withGit = stages.find(({ name }) => name === 'writ-git')!
  const told = ({ instructions }: Stage) =>
    instructions
      .filter(({ word }) => word !== 'RUN')
      .map(({ word, rest }) => `${word} ${rest.replace(/"\/[a-z/]*\/node"/, '"node"')}`)
  t.strictSame(told(withGit), told(image))
  const [install] = withGit.instructions.filter(({ word }) => word === 'RUN')
  for (const needed of ['git', 'gnupg', 'openssh-client']) t.match(install?.rest, ` ${needed} `)
})

t.test('what stays out of the build', async t => {
  const ignored = read('.containerignore').trim().split('\n')
  t.strictSame(ignored, read('.dockerignore').trim().split('\n'))
  for (const path of ['.git', '.writ', 'node_modules', 'dist']) t.ok(ignored.includes(path), path)
})

t.test('one host without Kubernetes', async t => {
  const { services } = parse(read('compose.yaml'))
  const { writ, database } = services
  await t.test('listens on loopback alone', async t => {
    t.strictSame(writ.ports, ['127.0.0.1:7400:7400', '127.0.0.1:7401:7401'])
    t.equal(database.ports, undefined)
  })
  await t.test('runs the image with nothing to write but its data', async t => {
    t.equal(writ.image, `writ:${manifest.version}`)
    t.match(writ, { read_only: true, cap_drop: ['ALL'], tmpfs: ['/tmp'] })
    t.strictSame(
      writ.volumes.filter((volume: string) => !volume.endsWith(':ro')),
      ['data:/var/lib/writ'],
    )
  })
  await t.test('names files that are there', async t => {
    const { dockerfile, target } = writ.build
    t.ok(existsSync(join(root, dockerfile)))
    t.equal(target, image.name)
  })
  await t.test('is asked whether it is well by the only program in the image', async t => {
    const [word, program, option, script] = writ.healthcheck.test
    t.strictSame([word, program, option], ['CMD', '/nodejs/bin/node', '--eval'])
    const { status } = spawnSync(process.execPath, [option, script.replace('7401', '1')])
    t.equal(status, 1, 'nothing answers here')
  })
  await t.test('has its password from outside', async t => {
    const password: string = database.environment.POSTGRES_PASSWORD
    t.match(password, /^\$\{WRIT_DATABASE_PASSWORD:\?.+\}$/)
    t.equal(writ.environment.WRIT_DATABASE_URL, `postgres://writ:${password}@database/writ`)
  })
})
