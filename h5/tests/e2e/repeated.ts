// Names the tests that failed and then passed: green, but somebody has to look
// why, so they stand at the end of what make test prints.
import type { Reporter, TestCase } from 'vitest/node'

export class Repeated implements Reporter {
  private readonly names: string[] = []

  onTestCaseResult(test: TestCase): void {
    const { flaky } = test.diagnostic() ?? {}
    if (!flaky) return
    const [first] = test.result().errors ?? []
    this.names.push(`${test.module.relativeModuleId} > ${test.fullName}: ${(first?.message ?? '').split('\n', 1)[0]}`)
  }

  onTestRunEnd(): void {
    for (const name of this.names) console.log(`PASSED ONLY WHEN REPEATED: ${name}`)
  }
}
