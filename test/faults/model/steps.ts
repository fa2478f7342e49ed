import fc from 'fast-check'

/** What happens to the registry in one step. Numbers choose among what is there at that moment, whatever that is. */
export interface Step {
  readonly kind: Kind
  readonly prompt: number
  readonly env: number
  readonly other: number
  readonly number: number
  readonly flag: boolean
  readonly more: boolean
  readonly isEmbedded: boolean
}

/** How often each comes: commands of ours, and what people do with plain git. */
const WEIGHTS = {
  new: 2,
  edit: 3,
  publish: 7,
  promote: 7,
  archive: 2,
  rollback: 5,
  rewind: 2,
  work: 3,
  hand: 3,
  garbage: 1,
  copy: 2,
  move: 1,
  delete: 2,
  revert: 2,
  reset: 2,
  branch: 2,
  noise: 1,
} as const

export type Kind = keyof typeof WEIGHTS

const kinds = fc.oneof(
  ...(Object.entries(WEIGHTS) as [Kind, number][]).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind) })),
)

const step: fc.Arbitrary<Step> = fc.record({
  kind: kinds,
  prompt: fc.nat(2),
  env: fc.nat(2),
  other: fc.nat(2),
  number: fc.nat(6),
  flag: fc.boolean(),
  more: fc.boolean(),
  isEmbedded: fc.boolean(),
})

/** A history: every one begins with a prompt that is published, so that few steps are spent on that. */
export const histories = (length: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(step, { minLength: 1, maxLength: length, size: 'max' })
