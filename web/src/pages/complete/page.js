// The page 'complete' as the table of pages lists it.
import Page from './Complete.svelte'
import words from './words.js'

export default { name: 'complete', Page, words }
