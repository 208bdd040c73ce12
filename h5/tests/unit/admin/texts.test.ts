// The texts of what admins open come with each page that shows them.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const source = (path: string) => readFileSync(`src/features/${path}`, 'utf8')
const pages = [...source('admin/routes.ts').matchAll(/import\('\.\/([^']+\.vue)'\)/g)].map(([, file]) => `admin/${file}`)

describe('texts of admins', () => {
  it('are asked for by every page there is', () => expect(pages.length).toBeGreaterThan(5))
  for (const page of new Set([...pages, 'me/MePage.vue', 'admin/scope/DepartmentSheet.vue'])) {
    it(`come with ${page}`, () => expect(source(page)).toContain("import '@/features/admin/texts'"))
  }
})
