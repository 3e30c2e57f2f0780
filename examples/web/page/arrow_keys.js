/** Arrow keys in a row or grid of buttons that is one stop for the tab key. */

/**
 * @param {KeyboardEvent} event
 * @param {number} current the item that has the focus.
 * @param {number} count of all items.
 * @param {number} columns of a grid; in a row, up and down are as left and right.
 * @returns {number | null} the item to go to; none for any other key.
 */
export function itemByKey(event, current, count, columns = 1) {
  if (event.altKey || event.ctrlKey || event.metaKey) return null;
  const moves = {
    ArrowRight: current + 1,
    ArrowDown: current + columns,
    ArrowLeft: current - 1,
    ArrowUp: current - columns,
    Home: 0,
    End: count - 1,
  };
  if (!(event.key in moves)) return null;
  event.preventDefault();
  const next = moves[event.key];
  if (columns > 1 && (next < 0 || next >= count)) return current;
  return Math.min(count - 1, Math.max(0, next));
}

/** Makes one of the items the stop for the tab key. */
export function makeStop(items, current) {
  items.forEach((item, i) => (item.tabIndex = i === current ? 0 : -1));
}
