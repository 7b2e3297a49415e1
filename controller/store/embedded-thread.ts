import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import type { Answer, Question } from './embedded-database.ts'

const database = await PGlite.create(String(workerData))

async function answer(question: Question): Promise<Answer> {
  const { id, sql, parameters } = question
  try {
    if (sql === null) {
      await database.close()
      return { id, rows: [] }
    }
    const { rows, affectedRows } = await database.query(sql, [...parameters])
    return { id, rows, ...(affectedRows !== undefined && { affectedRows }) }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    return { id, error: { code, message: error instanceof Error ? error.message : String(error) } }
  }
}

parentPort?.on('message', (question: Question) => {
  void answer(question).then(answer => parentPort?.postMessage(answer))
})
