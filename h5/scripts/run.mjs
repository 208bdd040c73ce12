// run.mjs FILE.ts [ARGUMENT…] runs a program of the tests that is written in
// TypeScript: calls its main with the arguments, and exits with what it gives.
import { resolve } from 'node:path'
import { runnerImport } from 'vite'

const [file, ...args] = process.argv.slice(2)
if (!file) {
  console.error('usage: run.mjs FILE.ts [ARGUMENT…]')
  process.exit(2)
}
// Whoever interrupts the run lets `exit` handlers stop what was started.
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) process.once(signal, () => process.exit(code))

const { module } = await runnerImport(resolve(file), { configFile: false, logLevel: 'error' })
process.exit(await module.main(args))
