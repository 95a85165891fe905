// A text as a file that the browser saves.
export function save_file(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type: type + ';charset=utf-8' }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // Not at once: the browser reads it after this.
  setTimeout(() => URL.revokeObjectURL(address), 10000)
}
