// The page 'status' as the table of pages lists it.
import Page from './Status.svelte'
import words from './words.js'

export default { name: 'status', Page, words }
