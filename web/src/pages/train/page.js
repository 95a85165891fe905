// The page 'train' as the table of pages lists it.
import Page from './Page.svelte'
import words from './words.js'

export default { name: 'train', Page, words }
