import { type SignedMessage, signatureProblem } from '../core/signature.js'

/** What a receiver got. `now`, in milliseconds since the epoch, is the clock's by default. */
export type ReceivedMessage = Omit<SignedMessage, 'now'> & Partial<Pick<SignedMessage, 'now'>>

/**
 * True when a webhook was signed with the secret: by `webhook-signature` (https://www.standardwebhooks.com, its timestamp
 * at most 300 s off), or, in a message that has no such header, by `X-Signature-256`. Compares in constant time. The
 * second has no protection against replay but the `id` in the body.
 */
export const verifySignature = (message: ReceivedMessage): boolean =>
  signatureProblem({ ...message, now: message.now ?? Date.now() }) === undefined
