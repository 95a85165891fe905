// The texts that were gone through, token by token, as a tree; and where its nodes stand in a drawing.

/** A node: its token (null: the prompt), the chance that it had, the list of what may follow once it is known, children. */
export function make_node(token = null, parent = null, chance = 1) {
  return { token, parent, chance, next: null, children: [] }
}

/** The nodes from the root to this one. */
export function path_to(node) {
  const path = []
  for (let at = node; at; at = at.parent) path.unshift(at)
  return path
}

export const ids_of = (node) => path_to(node).filter((at) => at.token).map((at) => at.token.id)

/** The probability of the whole path behind the prompt, by the model alone. */
export const path_probability = (node) => Math.exp(path_to(node).reduce((sum, at) => sum + (at.token?.logprob ?? 0), 0))

/** The child with this token, made where it is not there yet. */
export function child_of(node, token, chance) {
  const known = node.children.find((child) => child.token.id === token.id)
  if (known) return known
  const child = make_node(token, node, chance)
  node.children.push(child)
  return child
}

/**
 * What is drawn: each node that was opened with its children, and the most probable tokens beside them, `width` in all
 * unless more were opened. Gives {boxes: [{node, token, depth, row, opened, from}], depth, rows}; `from` is the index of
 * the parent's box.
 */
export function lay_out(root, width = 3) {
  const boxes = []
  let rows = 0
  let deepest = 0
  function place(node, depth, from) {
    const box = { node, parent: node.parent, token: node.token, depth, row: 0, opened: true, from }
    const index = boxes.push(box) - 1
    deepest = Math.max(deepest, depth)
    const shown = node.next ? beside(node, width) : []
    if (shown.length === 0) {
      box.row = rows++
      return box.row
    }
    const placed = shown.map(({ child, token }) => {
      if (child) return place(child, depth + 1, index)
      deepest = Math.max(deepest, depth + 1)
      boxes.push({ node: null, parent: node, token, depth: depth + 1, row: rows, opened: false, from: index })
      return rows++
    })
    box.row = (placed[0] + placed.at(-1)) / 2
    return box.row
  }
  place(root, 0, -1)
  return { boxes, depth: deepest, rows }
}

// The children of a node, and as many of the most probable tokens as make `width`, the most probable first.
function beside(node, width) {
  const listed = node.children.map((child) => ({ child, token: child.token }))
  for (const token of node.next) {
    if (listed.length >= width) break
    if (!node.children.some((child) => child.token.id === token.id)) listed.push({ child: null, token })
  }
  return listed.sort((a, b) => b.token.logprob - a.token.logprob)
}
