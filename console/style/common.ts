import { css } from 'lit'

/** What pages and their parts look alike in. */
export const common = css`
  :host {
    display: block;
    line-height: 1.5;
  }
  :host([hidden]) {
    display: none;
  }
  h1 {
    font-size: 1.375rem;
    margin: 0 0 var(--wa-space-m);
  }
  h2 {
    font-size: 1.125rem;
    margin: 0 0 var(--wa-space-s);
  }
  p {
    margin: 0 0 var(--wa-space-s);
  }
  a {
    color: var(--wa-color-text-link);
  }
  .card {
    background: var(--wa-color-surface-default);
    border: 1px solid var(--wa-color-surface-border);
    border-radius: 8px;
    padding: var(--wa-space-m);
  }
  .quiet {
    color: var(--wa-color-text-quiet);
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    gap: var(--wa-space-s);
    align-items: center;
  }
  .stack {
    display: grid;
    gap: var(--wa-space-m);
  }
  pre,
  code {
    font-family: ui-monospace, monospace;
    font-size: 0.875rem;
  }
  pre {
    margin: 0;
    padding: var(--wa-space-s);
    max-height: 40vh;
    overflow: auto;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    background: var(--wa-color-surface-lowered);
    border-radius: 6px;
  }
`
