import { defineConfig } from 'vitest/config'
import { Repeated } from './tests/e2e/repeated.ts'

// Patient, as a busy machine of two cores is slow.
const common = { environment: 'node', testTimeout: 240_000, hookTimeout: 300_000, expect: { poll: { timeout: 60_000 } } } as const

// Tried once more if it fails, and named at the end if it passes then. Not what runs
// with the programs: harm that is done only sometimes is harm, and what was said
// once stays said.
const again = { retry: 1 } as const

// Drive the built front end in Chromium: run `make build` first. The project
// `mock` has the mock server behind it, `program` huicun itself and wecomsim; `visual`
// compares pictures with approved ones.
export default defineConfig({
  test: {
    fileParallelism: false,
    reporters: ['default', new Repeated()],
    projects: [
      {
        test: {
          ...common,
          ...again,
          name: 'visual',
          include: ['tests/visual/*.test.ts'],
          env: { VISUAL_UPDATE: process.argv.some((one) => one === '-u' || one === '--update') ? '1' : '' },
        },
      },
      { test: { ...common, ...again, name: 'mock', include: ['tests/e2e/*.test.ts'] } },
      {
        test: {
          ...common,
          name: 'program',
          include: ['tests/e2e/program/*.test.ts'],
          globalSetup: ['tests/e2e/program/setup.ts'],
        },
      },
    ],
  },
})
