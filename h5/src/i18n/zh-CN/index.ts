import admin from './admin'
import alerts from './alerts'
import chat from './chat'
import common from './common'
import me from './me'
import messages from './messages'
import people from './people'

export default { ...common, ...people, ...chat, ...messages, ...alerts, ...admin, ...me }
