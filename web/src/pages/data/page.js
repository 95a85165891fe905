// The page 'data' as the table of pages lists it.
import Page from './Page.svelte'
import words from './words.js'

export default { name: 'data', Page, words }
