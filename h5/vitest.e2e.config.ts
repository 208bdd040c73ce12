import { defineConfig } from 'vitest/config'

// Drives the built front end in Chromium: run `npm run build` first.
export default defineConfig({
  test: {
    environment: 'node',
    include: ['tests/e2e/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    fileParallelism: false,
  },
})
