import { parentPort } from 'node:worker_threads'
import { compile } from '../../policy/compile/compile.ts'
import type { Answer, Question } from './compiler.ts'

// What a compilation needs comes as a message and its result goes back as one: the thread keeps nothing.
parentPort?.on('message', ({ files, options }: Question) => {
  const { problems, tables, directories } = compile(files, options)
  const answer: Answer = {
    problems,
    tables:
      tables && [...tables].map(([namespace, { json, digest }]) => [namespace, { json, digest }]),
    directories,
  }
  parentPort?.postMessage(answer)
})
