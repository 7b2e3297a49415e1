/** Readable on a phone and by day and night; no colour says what words do not say. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #57606a; --paper: #ffffff; --box: #f3f5f7; --line: #d0d7de;
  --yes: #116329; --no: #a40e26; --note: #9a6700 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --faint: #9aa4af; --paper: #14171a; --box: #1f2429; --line: #3a424a;
    --yes: #23733c; --no: #b02e3f; --note: #d4a72c }
}
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
