/** What a file is to be; null takes it away. */
export interface ChangedFile {
  readonly path: string
  readonly text: string | null
}
