/** A file as it was read: its text, the name that problems and decisions give it, and where it was committed. */
export interface SourceFile {
  readonly path: string
  readonly text: string
  readonly commit?: string
  /** Namespace of its documents that name none; that of the compilation when omitted. */
  readonly namespace?: string
}
