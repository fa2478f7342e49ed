/** `https://user:secret@host/` without what stands before the host, wherever it occurs in a text. */
export const withoutCredentials = (text: string): string => text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@']+@/gi, '$1')
