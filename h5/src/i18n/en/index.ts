import type { Messages } from '../t'
import admin from './admin'
import alerts from './alerts'
import chat from './chat'
import common from './common'
import me from './me'
import messages from './messages'
import people from './people'

const en: Messages = { ...common, ...people, ...chat, ...messages, ...alerts, ...admin, ...me }
export default en
