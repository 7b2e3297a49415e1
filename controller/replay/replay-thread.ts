import { parentPort, workerData } from 'node:worker_threads'
import { Shard } from './shard.ts'
import type { ShardAnswer, ShardQuestion } from './shard-messages.ts'

const shard = new Shard(workerData)

parentPort?.on('message', (question: ShardQuestion) => {
  const answer: ShardAnswer =
    question === 'end'
      ? { kind: 'end', ...shard.end() }
      : { kind: 'block', answer: shard.take(asBuffer(question)) }
  parentPort?.postMessage(answer)
})

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
