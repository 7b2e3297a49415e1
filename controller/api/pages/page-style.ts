/** Readable on a phone and by day and night; no colour says what words do not say. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: light-dark(#1b1f24, #e8eaed); --faint: light-dark(#57606a, #9aa4af);
  --paper: light-dark(#ffffff, #14171a); --box: light-dark(#f3f5f7, #1f2429); --line: light-dark(#d0d7de, #3a424a);
  --yes: light-dark(#116329, #2f8f4e); --no: light-dark(#a40e26, #c33d4e); --note: light-dark(#9a6700, #d4a72c) }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 46rem; padding: 1.25rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 1rem }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem }
p { margin: .5rem 0 }
a { color: inherit }
dl { margin: 0; display: grid; grid-template-columns: minmax(6rem, auto) 1fr; gap: .35rem 1rem }
dt { color: var(--faint) }
dd { margin: 0; white-space: pre-wrap; overflow: hidden }
pre { margin: .5rem 0 1rem; padding: .75rem; background: var(--box); border: 1px solid var(--line); border-radius: .4rem;
  font: .875rem/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow: hidden }
code { font-family: ui-monospace, monospace; font-size: .9em }
label { display: block; margin: 1.25rem 0 .35rem }
textarea { width: 100%; min-height: 5rem; padding: .6rem; font: inherit; color: inherit; background: var(--box);
  border: 1px solid var(--line); border-radius: .4rem }
.answers { display: flex; gap: .75rem; margin-top: 1rem }
button { flex: 1; min-height: 3rem; padding: .5rem 1rem; font: inherit; font-weight: 600; color: #fff; border: 0;
  border-radius: .4rem; cursor: pointer }
button:focus-visible, textarea:focus-visible { outline: 3px solid var(--note); outline-offset: 2px }
.approve { background: var(--yes) }
.deny { background: var(--no) }
.note { padding: .75rem; border-left: .3rem solid var(--note); background: var(--box) }
.faint { color: var(--faint) }
table { width: 100%; border-collapse: collapse; font-size: .9rem }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line) }
.verb { display: inline-block; min-width: 3.5rem; font-weight: 600 }
`
