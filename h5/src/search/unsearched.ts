// A search that waits for a network.
import { Problem } from '@/api/problem'
import { t } from '@/i18n/t'
import { clean } from '@/ui/text'

/** Says that there is no network, and what was therefore not searched for. */
export class Unsearched extends Problem {
  constructor(private readonly q: string) {
    super('network', 0)
  }

  override text(): string {
    const q = clean(this.q.trim(), 60)
    return q ? t('search.offline', { q }) : t('search.offlineFiltered')
  }
}
