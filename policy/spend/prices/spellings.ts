/**
 * The names under which a price may be listed, the given one first: without the mark of a larger context
 * window (`[1m]`), the path of a reseller, the region and version of Bedrock, and the day of its release.
 */
export function spellings(name: string): readonly string[] {
  const unmarked = name.replace(/\[[^\]]*\]$/, '')
  const bare = unmarked.slice(unmarked.lastIndexOf('/') + 1)
  const own = bare.startsWith('ft:') ? tuned(bare) : direct(bare)
  return [...new Set([name, unmarked, own, own.replace(date, '')])]
}

/** `-20250929` or `-2024-08-06` at the end. */
const date = /-(\d{8}|\d{4}-\d{2}-\d{2})$/

/** `ft:model:organisation:name:id` costs what its model costs when it is tuned. */
function tuned(name: string): string {
  return name.split(':').slice(0, 2).join(':')
}

/** `eu.anthropic.claude-x-20250929-v1:0` and `claude-x@20250929` are `claude-x-20250929`. */
function direct(name: string): string {
  const [, model = name] = bedrock.exec(name) ?? []
  return model.replace('@', '-')
}

/** Region, vendor, model, version. */
const bedrock = /^(?:[a-z-]{2,6}\.)?[a-z]+\.([a-z].*?)(?:-v\d+(?::\d+)?)?$/
