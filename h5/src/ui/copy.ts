// Copying to the clipboard, said aloud.
import { t } from '@/i18n/t'
import { toast } from './toast'

/** Copies text and tells the reader how it went. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    toast(t('common.copied'))
  } catch {
    toast(t('common.copyFailed'))
  }
}
