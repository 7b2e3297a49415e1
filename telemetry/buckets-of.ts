import type { Measured, MeasuredValue } from './metric-producer.ts'

/** One series of a histogram, its counts apart from one another: one more than there are boundaries. */
export interface Buckets {
  readonly labels: MeasuredValue['labels']
  readonly buckets: { boundaries: number[]; counts: number[] }
  readonly sum: number
  readonly count: number
}

/** The series of a histogram of Prometheus, whose buckets each hold those below them. */
export function bucketsOf({ name, values }: Measured): readonly Buckets[] {
  const series = Map.groupBy(values, ({ labels: { le: _, ...labels } }) => JSON.stringify(labels))
  return [...series.values()].map(parts => {
    const of = (part: string) => parts.filter(({ metricName }) => metricName === `${name}_${part}`)
    const { le: _, ...labels } = parts[0]?.labels ?? {}
    const finite = of('bucket')
      .filter(({ labels: { le } }) => Number.isFinite(Number(le)))
      .sort((a, b) => Number(a.labels.le) - Number(b.labels.le))
    const count = of('count')[0]?.value ?? 0
    const below = [...finite.map(({ value }) => value), count]
    return {
      labels,
      buckets: {
        boundaries: finite.map(({ labels: { le } }) => Number(le)),
        counts: below.map((value, i) => value - (below[i - 1] ?? 0)),
      },
      sum: of('sum')[0]?.value ?? 0,
      count,
    }
  })
}
