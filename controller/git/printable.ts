/** Text of others on one line, without what moves a cursor or turns the direction of writing, cut off after `most` characters. */
export function printable(text: string, most: number): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu, ' ').trim()
  const characters = [...plain.slice(0, most * 2)]
  return characters.length > most
    ? `${characters.slice(0, most - 1).join('')}…`
    : characters.join('')
}
