// Texts of pages that are not on the way to a chat: loaded together with them.
import admin from './admin'
import alerts from './alerts'
import me from './me'

export default { ...alerts, ...admin, ...me }
