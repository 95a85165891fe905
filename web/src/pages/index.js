// The pages in the order in which they are listed: two lines each. A page is a folder with `page.js` (its name, its Svelte
// part, its words); its part is told `active`, whether it is the one that is shown.
import chat from './chat/page.js'
import complete from './complete/page.js'
import data from './data/page.js'
import explore from './explore/page.js'
import models from './models/page.js'
import status from './status/page.js'
import tokens from './tokens/page.js'
import train from './train/page.js'

export const pages = [
  chat,
  complete,
  explore,
  tokens,
  train,
  data,
  models,
  status,
]
