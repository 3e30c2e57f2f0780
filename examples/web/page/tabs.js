/** The tabs of the page: one task each. */

import { itemByKey, makeStop } from "./arrow_keys.js";

export class Tabs {
  /**
   * The address says which tab is shown, so that it can be linked to and survives
   * loading the page again.
   *
   * @param {HTMLElement} list has the role `tablist`; its tabs name their panels in
   *     `aria-controls`, and the page's title in `data-title`.
   * @param {(name: string) => void} onShow told of the tab's `data-tab` each time.
   */
  constructor(list, onShow) {
    this.tabs = [...list.querySelectorAll("[role=tab]")];
    this.onShow = onShow;
    this.shown = null;
    list.addEventListener("click", ({ target }) => {
      const tab = target.closest("[role=tab]");
      if (tab) this.show(tab.dataset.tab);
    });
    list.addEventListener("keydown", (event) => this.#key(event));
    addEventListener("hashchange", () => this.showAddressed());
  }

  /** Shows the tab that the address names, or else the first. */
  showAddressed() {
    const name = location.hash.slice(1);
    const tab = this.tabs.find((one) => one.dataset.tab === name) ?? this.tabs[0];
    this.show(tab.dataset.tab);
  }

  /** @param {string} name of a tab. */
  show(name) {
    if (name === this.shown) return;
    this.shown = name;
    const shown = this.tabs.findIndex((tab) => tab.dataset.tab === name);
    this.tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === shown));
      document.getElementById(tab.getAttribute("aria-controls")).hidden = i !== shown;
    });
    makeStop(this.tabs, shown);
    document.title = this.tabs[shown].dataset.title;
    for (const part of document.querySelectorAll("[data-only]")) {
      part.hidden = part.dataset.only !== name;
    }
    const { pathname, search } = location;
    const hash = shown === 0 ? "" : `#${name}`;
    if (location.hash !== hash) history.replaceState(null, "", pathname + search + hash);
    this.onShow(name);
  }

  #key(event) {
    // Up and down are for scrolling: the tabs stand in a row.
    if (/Up|Down/.test(event.key)) return;
    const current = this.tabs.indexOf(event.target);
    const count = this.tabs.length;
    const next = itemByKey(event, current, count);
    if (next === null) return;
    // Past the last comes the first.
    const isStuck = next === current && event.key.startsWith("Arrow");
    const tab = this.tabs[isStuck ? count - 1 - current : next];
    tab.focus();
    this.show(tab.dataset.tab);
  }
}
