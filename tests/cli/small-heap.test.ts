import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'

const module = new URL('../../cli/serve/small-heap.ts', import.meta.url).href

/** Keeps 100,000 objects, each until its turn comes again, and says how large the heap was at most. */
const work = `
  const kept = []
  let largest = 0
  for (let i = 0; i < 1_500_000; i++) {
    kept[i % 100_000] = { i, text: 'x' + i, list: [i] }
    if (i > 200_000 && i % 500 === 0) {
      largest = Math.max(largest, v8.getHeapStatistics().used_heap_size)
    }
  }
  console.log(largest)`

async function largestHeap(before: string): Promise<number> {
  const script = `import v8 from 'node:v8'\n${before}\n${work}`
  const node = ['--single-threaded', '--max-semi-space-size=1', '--input-type=module', '-e', script]
  const { stdout } = await promisify(execFile)(process.execPath, node)
  return Number(stdout)
}

t.test('a small heap holds less of what nobody needs any more', async t => {
  const small = await largestHeap(`(await import('${module}')).useSmallHeap()`)
  const usual = await largestHeap('')
  t.ok(small < usual * 0.8, `${small} bytes, and ${usual} without`)
})
