/** A free name as the name of a resource: lower case, with a hyphen for every run of other characters. */
export function slug(name: string): string {
  const words = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
  const plain = words.replace(/-*\.[-.]*/g, '.').replace(/^[-.]+|[-.]+$/g, '')
  return plain.slice(0, 253).replace(/[-.]+$/, '') || 'unnamed'
}
