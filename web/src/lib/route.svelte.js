// Which page is shown: `#/NAME` or `#/NAME/REST` in the address, else the one that was shown last.
import { load, save } from './store.js'

export const route = $state({ page: '', rest: '' })

function read(names) {
  const [, name, rest] = location.hash.match(/^#\/([^/]*)\/?(.*)$/) ?? []
  if (names.includes(name)) {
    route.page = name
    route.rest = rest
    save('view', name)
    return
  }
  const last = load('view', names[0])
  history.replaceState(null, '', '#/' + (names.includes(last) ? last : names[0]))
  read(names)
}

/** Follows the address from now on. */
export function follow_address(names) {
  read(names)
  window.addEventListener('hashchange', () => read(names))
}

export function go(name) {
  location.hash = '#/' + name
}
