import { css } from 'lit'

/** What the pages look alike in that one sees before one is signed in. */
export const door = css`
  :host {
    display: grid;
    min-height: 100vh;
    place-items: center;
    padding: var(--wa-space-m);
    box-sizing: border-box;
  }
  form {
    width: min(24rem, 100%);
    box-sizing: border-box;
  }
`
