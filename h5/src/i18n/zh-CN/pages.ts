// Texts of what is not on the way to a chat: loaded together with it.
import alerts from './alerts'
import bare from './bare'
import details from './details'
import files from './files'
import me from './me'
import media from './media'
import people from './people'
import search from './search'

export default { ...alerts, ...bare, ...details, ...files, ...me, ...media, ...people, ...search }
