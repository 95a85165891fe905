// The page 'models' as the table of pages lists it.
import Page from './Models.svelte'
import words from './words.js'

export default { name: 'models', Page, words }
