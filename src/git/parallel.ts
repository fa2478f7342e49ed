/** How many things are done at the same time: more would run out of file descriptors. */
const WIDTH = 16

/**
 * `action` for each item, a few at a time; the results are in the items' order. All have settled before a failure is
 * thrown, so nothing still writes while the caller puts things back.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  action: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = new Array(items.length)
  const queue = items.entries()
  const work = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await action(item, index)
  }
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(WIDTH, items.length) }, work))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return results
}
