// Texts of pages that are not on the way to a chat: loaded together with them.
import type { PageMessages } from '../t'
import admin from './admin'
import alerts from './alerts'
import me from './me'

const pages: PageMessages = { ...alerts, ...admin, ...me }
export default pages
