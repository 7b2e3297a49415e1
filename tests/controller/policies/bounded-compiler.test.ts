import t from 'tap'
import { boundedCompiler } from '../../../controller/policies/bounded-compiler.ts'

const { signal } = new AbortController()

t.test('who asks while too many wait is refused, and nobody else', async t => {
  const compiler = boundedCompiler()
  t.teardown(() => compiler.close())
  const plan = () => compiler.plan({ before: [], after: [] }, signal)
  const compile = () => compiler.compile({ files: [], options: {} }, signal)
  const waiting = [...Array.from({ length: 4 }, plan), ...Array.from({ length: 4 }, compile)]
  await t.rejects(plan(), { name: 'ControllerFailure', code: 'too_busy' })
  await t.rejects(compile(), { name: 'ControllerFailure', code: 'too_busy' })
  t.equal((await Promise.all(waiting)).length, 8)
  t.strictSame(await plan(), { narrows: 'neutral', plans: [] }, 'there is room again')
})
