import { main } from './main.js'
import { createRuntime } from './runtime.js'

/** What bin/ calls. Resolves to the exit status when all output has been handed over. */
export async function start(host: NodeJS.Process): Promise<number> {
  const runtime = createRuntime(host)
  const status = await main(host.argv.slice(2), runtime)
  await runtime.flush()
  return status
}
