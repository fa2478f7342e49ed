import { createHash } from 'node:crypto'

/** The hooks that promptctl makes. */
export type HookName = 'pre-commit' | 'pre-receive' | 'post-receive'

/** What a hook of one's own has to say for the same: a line of a shell script. */
export const HOOK_LINES: Readonly<Record<HookName, string>> = {
  'pre-commit': 'promptctl lint --staged',
  'pre-receive': 'promptctl lint --pre-receive',
  'post-receive': 'promptctl notify --post-receive --no-wait',
}

const MISSING: Readonly<Record<HookName, string>> = {
  'pre-commit': 'promptctl is not found, so the prompts cannot be checked; git commit --no-verify commits all the same',
  'pre-receive': 'promptctl is not found on this server, so the prompts cannot be checked, and nothing is accepted',
  'post-receive':
    'promptctl is not found on this server, so no webhook was told; promptctl notify <old>..<new> does it',
}

/** Everything below the first two lines; the hash in the second one tells an edited hook from ours. */
const MARK = /^#!\/bin\/sh\n# promptctl hook ([0-9a-f]{16}): promptctl hooks uninstall removes it\n/

/** The script of a hook; `program` is the command line that starts promptctl where it is not on PATH. */
export function formatHook(name: HookName, program: readonly string[] | undefined): string {
  const body = [...(name === 'pre-commit' ? NOTHING_TO_CHECK : []), ...findProgram(name, program), ...RUN[name]]
  const text = `${body.join('\n')}\n`
  return `#!/bin/sh\n# promptctl hook ${hashOf(text)}: promptctl hooks uninstall removes it\n${text}`
}

/** True for what formatHook made, by any version and program, and nobody has edited since. */
export function isOurHook(script: string): boolean {
  const [head, hash] = MARK.exec(script) ?? []
  return head !== undefined && hash === hashOf(script.slice(head.length))
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

const CONFIGS = "':(top,glob)**/promptctl.yaml'"
/** For names that are shown: those with control characters are quoted, and no others. */
const SHOWN = 'git -c core.quotePath=false'

/**
 * A folder of hooks may serve every repository of a user: one without a registry is left alone. A registry that goes takes
 * its checks along, so that is for people to say.
 */
const NOTHING_TO_CHECK = [
  'unset GIT_LITERAL_PATHSPECS GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS',
  `gone=$(${SHOWN} diff --cached --no-relative --no-renames --diff-filter=D --name-only -- ${CONFIGS}) || exit 1`,
  'if [ -n "$gone" ]; then',
  `  printf 'This commit deletes %s, and nothing would check the prompts there any more;\\n' "$gone" >&2`,
  '  echo "git commit --no-verify deletes it all the same" >&2',
  '  exit 1',
  'fi',
  `files=$(git ls-files -- ${CONFIGS}) || exit 1`,
  '[ -n "$files" ] || exit 0',
]

function findProgram(name: HookName, program: readonly string[] | undefined): readonly string[] {
  const [node, script] = program ?? []
  const fallback =
    node === undefined || script === undefined
      ? []
      : [`elif [ -x ${quote(node)} ] && [ -f ${quote(script)} ]; then`, `  set -- ${quote(node)} ${quote(script)}`]
  return [
    'if command -v promptctl >/dev/null 2>&1; then',
    '  set -- promptctl',
    ...fallback,
    'else',
    `  echo ${quote(MISSING[name])} >&2`,
    '  exit 1',
    'fi',
  ]
}

const RUN: Readonly<Record<HookName, readonly string[]>> = {
  // With -z git quotes no name; one that holds a line end falls apart, and is refused.
  'pre-commit': [
    `git ls-files -z -- ${CONFIGS} | tr '\\0' '\\n' | while IFS= read -r file; do`,
    '  folder=$(dirname "./$file")',
    '  case $file in',
    '    promptctl.yaml | ?*/promptctl.yaml) ;;',
    '    *) echo "A registry whose folder has a line end in its name cannot be checked" >&2; exit 1 ;;',
    '  esac',
    '  if [ -f "$file" ]; then',
    '    "$@" -C "$folder" lint --staged </dev/null || exit 1',
    '  elif ! git diff --cached --quiet -- ":(literal)$folder/prompts"; then',
    `    name=$(${SHOWN} ls-files -- ":(literal)$file")`,
    `    printf 'Staged prompts cannot be checked, because %s is not in the work tree: git restore it\\n' "$name" >&2`,
    '    exit 1',
    '  fi',
    'done',
  ],
  'pre-receive': ['exec "$@" lint --pre-receive'],
  'post-receive': ['exec "$@" notify --post-receive --no-wait >/dev/null'],
}

/** A word of a shell script that stands for exactly this text. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
