/** The message of a commit object, in whatever encoding it says that it has. */
export function readMessage(content: Buffer): string {
  const end = content.indexOf('\n\n')
  return end < 0 ? '' : decodeText(content.subarray(end + 2), encodingOf(content.subarray(0, end)))
}

/** What the header of a commit object says of its text; undefined means UTF-8. */
export const encodingOf = (header: Buffer): string | undefined =>
  /^encoding (.+)$/m.exec(header.toString('latin1'))?.[1]

export function decodeText(bytes: Buffer, encoding: string | undefined): string {
  if (encoding === undefined || /^utf-?8$/i.test(encoding)) return bytes.toString('utf8')
  try {
    return new TextDecoder(encoding).decode(bytes)
  } catch {
    // An encoding that nobody knows: git shows the bytes, and one character a byte is the nearest that a string can be.
    return bytes.toString('latin1')
  }
}
