import t from 'tap'
import type { Compiler } from '../../../controller/compile/compiler.ts'
import { sharedCompiler } from '../../../controller/review/shared-compiler.ts'

t.test('a compiler is open for as long as somebody has it', async t => {
  const told: string[] = []
  const never = async () => {
    throw new Error('nobody asks')
  }
  const open = sharedCompiler(() => {
    told.push('opened')
    const compiler: Compiler = {
      ...{ compile: never, plan: never },
      close: async () => void told.push('closed'),
    }
    return compiler
  })
  const [first, second] = [open(), open()]
  t.strictSame(told, ['opened'])
  await first.close()
  await first.close()
  t.strictSame(told, ['opened'], 'who closes twice closes it for nobody else')
  await second.close()
  t.strictSame(told, ['opened', 'closed'])
  const third = open()
  t.strictSame(told, ['opened', 'closed', 'opened'])
  await third.close()
})
