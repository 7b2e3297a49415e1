import { parentPort } from 'node:worker_threads'
import { compile } from '../../policy/compile/compile.ts'
import { planAll } from '../../policy/plan/plan.ts'
import type { Answer, Asked, Question } from './compiler.ts'
import { statesIn } from './plan-question.ts'

// What is asked comes as a message and what comes of it goes back as one: the thread keeps nothing.
parentPort?.on('message', (asked: Asked) => {
  parentPort?.postMessage(
    'files' in asked ? compiled(asked) : planAll(statesIn(asked.before), statesIn(asked.after)),
  )
})

function compiled({ files, options }: Question): Answer {
  const { problems, tables, directories } = compile(files, options)
  return {
    problems,
    tables:
      tables && [...tables].map(([namespace, { json, digest }]) => [namespace, { json, digest }]),
    directories,
  }
}
