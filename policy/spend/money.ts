/** Micro-USD of a decimal string of USD with at most six places, such as "25.00"; exact. */
export function microUsd(usd: string): number {
  const [whole = '', fraction = ''] = usd.split('.')
  return Number(whole) * 1_000_000 + Number(fraction.padEnd(6, '0'))
}
