import type { FileWrite } from './ports.js'

/** The action that the workflow uses, unless another one is named. */
export const ACTION = 'promptctl/promptctl@v0'

/** `promptctl.yml`; a registry in a folder has a workflow of its own. `prefix` is `''` or `team-a/`. */
export const workflowPath = (prefix: string): string => {
  const folder = prefix.slice(0, -1).replace(/[^A-Za-z0-9]+/g, '-')
  return `.github/workflows/promptctl${folder === '' ? '' : `-${folder}`}.yml`
}

/** GitHub's workflow for a registry, relative to the top of the repository. */
export function createWorkflow(request: {
  readonly prefix: string
  readonly branch: string | undefined
  readonly action: string
}): FileWrite {
  return { path: workflowPath(request.prefix), content: new TextEncoder().encode(formatWorkflow(request)) }
}

function formatWorkflow({
  prefix,
  branch = 'main',
  action,
}: {
  prefix: string
  branch: string | undefined
  action: string
}): string {
  const folder = prefix === '' ? [] : [`          working-directory: ${JSON.stringify(prefix.slice(0, -1))}`]
  const use = (task: string, ...more: readonly string[]): readonly string[] => [
    `      - uses: ${action}`,
    '        with:',
    `          task: ${task}`,
    ...folder,
    ...more,
  ]
  return `${[
    '# Written by promptctl init --ci github; yours to change.',
    'name: prompts',
    'on:',
    '  pull_request:',
    '  push:',
    `    branches: [${JSON.stringify(branch)}]`,
    'permissions:',
    '  contents: read',
    'jobs:',
    '  compile:',
    '    runs-on: ubuntu-latest',
    '    steps:',
    ...checkout(),
    ...use('compile'),
    '  review:',
    "    if: github.event_name == 'pull_request'",
    '    runs-on: ubuntu-latest',
    '    steps:',
    ...checkout('fetch-depth: 0   # the step from the base is checked'),
    ...use('review'),
    "          # evaluate: 'true'   # also runs the test sets; models need OPENAI_API_KEY in this job's env",
    '  notify:',
    "    if: github.event_name == 'push'   # never on a pull request: those see no secret",
    '    needs: compile',
    '    runs-on: ubuntu-latest',
    '    steps:',
    ...checkout('fetch-depth: 0   # versions are counted'),
    ...use('notify', '          webhook-secret: ${{ secrets.PROMPTCTL_WEBHOOK_SECRET }}'),
  ].join('\n')}\n`
}

const checkout = (...more: readonly string[]): readonly string[] => [
  '      - uses: actions/checkout@v4',
  '        with:',
  '          persist-credentials: false',
  ...more.map((line) => `          ${line}`),
]
