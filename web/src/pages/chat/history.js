// Conversations in the browser's own database (IndexedDB), so that long ones have room. A browser that has none, or forbids
// it, keeps them as long as the page is open.

const NAME = 'malmoi'
const STORE = 'conversations'

const promised = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

function open_database() {
  const request = indexedDB.open(NAME, 1)
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' })
  return promised(request)
}

/** The memory of a page, in the shape of a History. */
class Fleeting {
  lasts = false
  #all = new Map()
  async all() {
    return [...this.#all.values()]
  }
  async put(conversation) {
    this.#all.set(conversation.id, conversation)
  }
  async remove(id) {
    this.#all.delete(id)
  }
}

class Lasting {
  lasts = true
  #database
  constructor(database) {
    this.#database = database
  }
  #store(mode) {
    return this.#database.transaction(STORE, mode).objectStore(STORE)
  }
  all() {
    return promised(this.#store('readonly').getAll())
  }
  put(conversation) {
    return promised(this.#store('readwrite').put(conversation))
  }
  remove(id) {
    return promised(this.#store('readwrite').delete(id))
  }
}

/** {lasts, all(), put(conversation), remove(id)} */
export async function open_history() {
  try {
    const history = new Lasting(await open_database())
    await history.all() // what cannot be read is no history
    return history
  } catch {
    return new Fleeting()
  }
}
