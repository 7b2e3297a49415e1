/** Checks for every change, as GitHub runs them. */
export const workflowFile = `# Finds what is wrong with the policies, runs their tests, and shows what a change changes.
name: writ
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  policies:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: actions/setup-node@v5
        with:
          node-version: 24
      - run: npm install --no-audit --no-fund
      - run: npx writ check --strict policies
      - run: npx writ test policies
      - name: What changes for agents
        if: github.event_name == 'pull_request'
        env:
          BASE: \${{ github.event.pull_request.base.sha }}
        run: |
          git worktree add ../before "$BASE"
          # Ends with 1 when something changes, which is what a change is for.
          if [ -d ../before/policies ]; then npx writ diff ../before/policies policies || [ $? -eq 1 ]; fi
`
