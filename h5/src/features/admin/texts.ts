// Has the texts in place of what admins alone open. Each page that shows them
// imports it: they come with its code.
import { addTexts } from '@/i18n/t'
import texts from '@/i18n/zh-CN/adminPages'

addTexts(texts)
