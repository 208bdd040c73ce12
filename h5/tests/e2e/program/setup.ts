// Starts the programs before the test files and stops them after the last one.
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeCompany } from './hostile/company'
import { type Addresses, World } from './world'

declare module 'vitest' {
  interface ProvidedContext {
    /** A company that has chatted for two years. */
    company: Addresses
    /** One message of every type of the reference. */
    kinds: Addresses
    /** A company in which every name and every text is an attack. */
    hostile: Addresses
  }
}

const examples = fileURLToPath(new URL('../../../../cmd/huicun/testdata/message-types.jsonl', import.meta.url))

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'huicun-e2e-hostile-'))
  const started = await Promise.allSettled([
    World.start('company', ['-messages', '3000', '-rate', '0']),
    World.start('kinds', ['-load', examples]),
    World.start('hostile', writeCompany(folder)),
  ])
  const worlds = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const stop = async () => {
    await Promise.all(worlds.map((world) => world.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
  const failed = started.find((one) => one.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason
  }
  const [company, kinds, hostile] = worlds
  if (company) project.provide('company', company.addresses)
  if (kinds) project.provide('kinds', kinds.addresses)
  if (hostile) project.provide('hostile', hostile.addresses)
  return stop
}
