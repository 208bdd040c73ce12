// The browser itself, and what its pages complain about.
import { type Browser, chromium, type Page } from 'playwright-core'

/** How it is started. */
export const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Where the installed Chromium is. */
export const chromiumPath = process.env.CHROMIUM_PATH ?? process.env.CHROME_PATH ?? '/usr/bin/chromium'

/** Debian's Chromium without windows, the same engine at half the price; the whole browser where it is not installed. */
export const shellPath = process.env.CHROMIUM_SHELL_PATH || chromiumPath

/** Starts a browser. */
export function launch(executablePath = chromiumPath): Promise<Browser> {
  return chromium.launch({ executablePath, args: flags })
}

/**
 * Collects what the page says on its console as a warning or an error, which
 * includes violations of its content policy, and what it throws.
 */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('console', (line) => {
    if (['error', 'warning'].includes(line.type())) complaints.push(line.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error.stack)))
  return complaints
}
