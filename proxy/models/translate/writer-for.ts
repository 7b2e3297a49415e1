import type { AnswerFrame, AnswerWriter } from './answer-writer.ts'
import type { RenamedTool } from './question.ts'
import type { Dialect } from './translation.ts'
import { ChatWriter } from './write-chat.ts'
import { MessagesWriter } from './write-messages.ts'
import { ResponsesWriter } from './write-responses.ts'

/** What a writer must know of the request. */
export interface Asked {
  readonly dialect: Dialect
  readonly body: Readonly<Record<string, unknown>>
  readonly includeUsage: boolean
  readonly renamed: ReadonlyMap<string, RenamedTool>
}

/** The writer of the client's dialect. */
export function writerFor(asked: Asked, frame: AnswerFrame): AnswerWriter {
  switch (asked.dialect) {
    case 'chat':
      return new ChatWriter(frame, asked.includeUsage)
    case 'messages':
      return new MessagesWriter(frame)
    case 'responses':
      return new ResponsesWriter({ frame, asked: asked.body, renamed: asked.renamed })
  }
}
