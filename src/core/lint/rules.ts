export type Severity = 'error' | 'warning'

/** Every rule of `lint`, in the order of the help. */
export const RULES = {
  invalid_prompt: { severity: 'error', summary: 'The file is not a prompt: YAML, schema, or template' },
  broken_seal: { severity: 'error', summary: 'Published content that no longer matches its digest' },
  path_mismatch: { severity: 'error', summary: 'Slug or environment in the file are not those of its path' },
  misplaced_file: { severity: 'error', summary: 'A file below prompts/ that is not prompts/<environment>/<slug>.yaml' },
  symlink: { severity: 'error', summary: 'A symbolic link in place of a file' },
  duplicate_alias: { severity: 'error', summary: 'Two prompts of an environment share an alias' },
  id_changed: { severity: 'error', summary: 'The id changed' },
  slug_changed: { severity: 'error', summary: 'The slug changed' },
  deleted: { severity: 'error', summary: 'The file was deleted; archive takes a prompt out of service' },
  illegal_transition: { severity: 'error', summary: 'A change of state that no command makes' },
  unpublished_change: { severity: 'error', summary: 'Published content changed, and publish was not run' },
  draft_over_published: { severity: 'error', summary: 'A draft over a published prompt outside the first environment' },
  not_promoted: {
    severity: 'error',
    summary: 'promotion: strict, and the environment before never served that content',
  },
  renumbers: { severity: 'error', summary: 'The history would change the numbers of older versions' },
  missing_partial: { severity: 'error', summary: 'An included prompt is not in the environment' },
  partial_cycle: { severity: 'error', summary: 'Prompts include each other' },
  undeclared_variable: { severity: 'warning', summary: 'A variable is used and not declared' },
  unused_variable: { severity: 'warning', summary: 'A variable is declared and not used' },
  portable: {
    severity: 'warning',
    summary: "More than {{name}}, or a list of parts: Langfuse's SDKs would compile it differently",
  },
} as const satisfies Record<string, { severity: Severity; summary: string }>

export type Rule = keyof typeof RULES

/** Something that lint found. Line and column count from 1. */
export interface Finding {
  readonly rule: Rule
  readonly severity: Severity
  /** Relative to the registry's root. */
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** A finding of a rule, at the beginning of the file unless a position is given. */
export const createFinding = (
  rule: Rule,
  file: string,
  message: string,
  { line, column }: { readonly line: number; readonly column: number } = { line: 1, column: 1 },
): Finding => ({ rule, severity: RULES[rule].severity, file, line, column, message })
