import type { NewEntry } from '../../proxy/journal/line.ts'

/** One line of a journal, ended by a newline, as proxies wrote them before lines were chained. */
export function line(proxy: string, seq: number, entry: NewEntry): string {
  return `{"proxy":"${proxy}","seq":${seq},${JSON.stringify(entry).slice(1)}\n`
}
