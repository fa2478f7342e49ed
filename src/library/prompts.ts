/**
 * The values of each prompt, by slug and alias. `promptctl types` writes a file that fills this in; then a missing value does
 * not compile. Names that it does not hold take any values.
 */
// biome-ignore lint/suspicious/noEmptyInterface: others add to it.
export interface Prompts {}
