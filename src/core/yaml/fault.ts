/** Something wrong at an offset in the text, in UTF-16 code units. */
export interface Fault {
  readonly offset: number
  readonly message: string
}

/** Nobody reads more of one file. */
export const MAX_FAULTS = 20
