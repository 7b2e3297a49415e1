import process from 'node:process'
import { Command } from 'commander'
import { type InformerCache, informer } from '../../controller/kubernetes/informer.ts'
import { stopSignal } from '../../lifecycle/stop-signal.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import {
  asking,
  type ClusterOptions,
  openCluster,
  questions,
  withClusterOptions,
} from './cluster.ts'
import { type Question, questionOf } from './question.ts'
import { questionRow, questionText } from './question-text.ts'

interface Options extends ClusterOptions {
  readonly allNamespaces?: true
  readonly output: OutputFormat
}

/** `kubectl writ watch`. */
export function watchCommand(terminal: Terminal): Command {
  return withClusterOptions(new Command('watch'))
    .summary('what waits now, and every change as it happens')
    .description(
      'Prints what waits for an answer, then every question that is asked or changes, until Ctrl-C.\n' +
        'With -o json it prints one question a line.',
    )
    .option('-A, --all-namespaces', 'questions of every namespace')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ kubectl writ watch -A')
    .action(async (options: Options) => {
      const { kube, namespace } = openCluster(options)
      const selection = options.allNamespaces ? {} : { namespace }
      // What is wrong from the beginning is said and ends it; what breaks later is tried again.
      await asking(kube.list(questions, { ...selection, fieldSelector: 'metadata.name=none' }))
      const following = informer({
        kube,
        resource: questions,
        selection,
        cache: printing(options.output, terminal),
        onFailure: () => terminal.err.line('the connection is lost; trying again'),
      })
      await following.run(stopSignal(process))
    })
}

/** Prints a question when what people care for has changed. */
function printing(format: OutputFormat, { out, err }: Terminal): InformerCache {
  const known = new Map<string, string>()
  let isFirst = true
  const print = (question: Question) => {
    const { state, votes = [] } = question.status
    const standing = `${state} ${votes.length}`
    const { uid } = question.metadata
    const waits = state === 'pending' || !isFirst
    if (known.get(uid) !== standing && waits) {
      out.line(
        format === 'json'
          ? JSON.stringify(questionRow(question))
          : questionText(question, Date.now(), out),
      )
    }
    known.set(uid, standing)
  }
  return {
    replaceAll(objects) {
      if (isFirst && format === 'text') {
        const some = objects.some(object => questionOf(object).status.state === 'pending')
        err.line(some ? 'these wait for an answer:' : 'nothing waits for an answer')
      }
      for (const object of objects) print(questionOf(object))
      isFirst = false
    },
    put: object => print(questionOf(object)),
    remove: ({ metadata }) => void known.delete(metadata.uid),
  }
}
