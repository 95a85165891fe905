// The page 'chat' as the table of pages lists it.
import Page from './Chat.svelte'
import words from './words.js'

export default { name: 'chat', Page, words }
