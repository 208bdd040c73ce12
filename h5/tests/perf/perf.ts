// npm run perf: everything of the front end's budget but Lighthouse, on the real
// programs. Docs: docs/performance-h5.md.
import { parseArgs } from 'node:util'
import { wrongMessages, wrongParts } from './arguments'
import { measureFinding } from './find'
import { type Ground, onGround } from './ground'
import { measureBytes, measureLanding } from './landing'
import { measureJumps, measureScrolling } from './motion'
import { type Phone, quick } from './phone'
import { Report } from './report'
import { changes, heldAfterPaging, reportHeld, shift, shiftBudgetPx } from './steady'

const usage = `usage: npm run perf -- [--messages N] [--only PART,…] [--strict]
parts: bytes, landing, scrolling, jumps, find, steady
--strict: figures of the clock fail the run too; the machine has to be idle`

const parts = ['bytes', 'landing', 'scrolling', 'jumps', 'find', 'steady']

async function measureSteadiness({ url, landing, target }: Ground, phone: Phone, report: Report): Promise<void> {
  const row = `article[data-id="${target}"]`
  for (const { name, change } of changes) {
    const measured = await phone.at(url + landing, quick, async ({ page }) => {
      await page.locator(row).waitFor()
      return shift(page, change)
    })
    report.add({ name: `shift of rows in view, ${name}`, measured, unit: 'px', budget: shiftBudgetPx })
  }
  const held = await phone.at(url + landing, quick, async ({ page }) => {
    await page.locator(row).waitFor()
    return heldAfterPaging(page)
  })
  reportHeld(report, held)
}

/** Runs the parts that are wanted; gives the exit status. */
export async function main(args: string[]): Promise<number> {
  let given
  try {
    given = parseArgs({
      args,
      options: {
        messages: { type: 'string', default: '100000' },
        only: { type: 'string' },
        strict: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (failure) {
    console.error(`${(failure as Error).message}\n${usage}`)
    return 2
  }
  if (given.help) {
    console.log(usage)
    return 0
  }
  const messages = Number(given.messages)
  const wanted = given.only?.split(',') ?? parts
  const wrong = wrongMessages(given.messages, 2500) ?? wrongParts(wanted, parts)
  if (wrong) {
    console.error(wrong)
    return 2
  }
  const report = new Report(given.strict)
  await onGround(messages, async (ground, phone) => {
    if (wanted.includes('bytes')) await measureBytes(ground, phone, report)
    if (wanted.includes('steady')) await measureSteadiness(ground, phone, report)
    if (wanted.includes('landing')) await measureLanding(ground, phone, report)
    if (wanted.includes('scrolling')) await measureScrolling(ground, phone, report)
    if (wanted.includes('jumps')) await measureJumps(ground, phone, messages, report)
    if (wanted.includes('find')) await measureFinding(ground, phone, report)
  })
  return report.close()
}
