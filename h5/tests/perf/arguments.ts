// What is wrong with the arguments of npm run perf and npm run lh.

/** What is wrong with --messages; undefined when nothing is. */
export function wrongMessages(given: string, least: number): string | undefined {
  const messages = Number(given)
  if (given.trim() === '' || !Number.isInteger(messages)) return `--messages: "${given}" is not a whole number`
  return messages < least ? `--messages: ${messages} are too few, at least ${least} are needed` : undefined
}

/** What is wrong with --only, a list of parts; undefined when nothing is. */
export function wrongParts(given: string[], parts: string[]): string | undefined {
  const unknown = given.find((part) => !parts.includes(part))
  return unknown === undefined ? undefined : `--only: there is no part "${unknown}", only ${parts.join(', ')}`
}
