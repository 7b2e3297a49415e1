/** A part of a text: from the first unit of UTF-16 to the one after the last. */
export type Span = readonly [start: number, end: number]
