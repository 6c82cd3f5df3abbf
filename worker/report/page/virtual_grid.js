/** A grid of which only the visible cells and the active one exist; it scrolls with the window. */

const MARGIN_PX = 700;

export class VirtualGrid {
  /**
   * `element` holds the cells. `options`: makeCell() -> element; showItem(cell, item, position);
   * columnsFor(widthPx) -> {columns, widthPx, gapPx}; rowHeight(widthPx) -> px; onOpen(item); onKey(event, item);
   * focused, the listbox or grid that has the focus if it is not `element` itself.
   */
  constructor(element, options) {
    this.element = element;
    this.options = options;
    this.focused = options.focused ?? element;
    this.items = [];
    this.cells = new Map();
    this.spare = [];
    this.active = 0;
    this.layout = { columns: 1, widthPx: 1, gapPx: 0, rowPx: 1 };
    this.focused.addEventListener("keydown", (event) => this.pressKey(event));
    element.addEventListener("click", (event) => this.click(event));
    this.focused.addEventListener("focus", () => this.moveTo(this.active));
    new ResizeObserver(() => this.measure()).observe(element);
    window.addEventListener("scroll", () => this.schedule(), { passive: true });
  }

  setItems(items) {
    const kept = this.items[this.active];
    this.items = items;
    this.active = Math.max(0, kept ? items.indexOf(kept) : 0);
    this.measure();
    this.refresh();
  }

  /** Show every visible cell anew. */
  refresh() {
    for (const [position, cell] of this.cells) {
      if (position < this.items.length) this.options.showItem(cell, this.items[position], position);
    }
    this.place();
  }

  measure() {
    const width = this.element.clientWidth;
    if (!width) return;
    const found = this.options.columnsFor(width);
    this.layout = { ...found, rowPx: this.options.rowHeight(found.widthPx) + found.gapPx };
    this.element.style.height = `${Math.ceil(this.items.length / found.columns) * this.layout.rowPx}px`;
    for (const [position, cell] of this.cells) this.putCell(cell, position);
    this.place();
  }

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.place();
    });
  }

  /** Make the cells that are visible or nearly so, and the active one, and take back the others. */
  place() {
    const shown = this.shownPositions();
    for (const [position, cell] of this.cells) {
      if (shown.has(position)) continue;
      this.cells.delete(position);
      this.spare.push(cell);
      cell.hidden = true;
    }
    for (const position of shown) {
      if (!this.cells.has(position)) this.addCell(position);
    }
    this.mark();
  }

  /** None of a grid that is hidden. The active one is among them wherever it is: a screen reader reads it. */
  shownPositions() {
    if (!this.element.offsetParent || !this.items.length) return new Set();
    const [first, last] = this.visibleRange();
    const shown = new Set([this.active]);
    for (let position = first; position < last; position += 1) shown.add(position);
    return shown;
  }

  /** First position, and the one after the last. */
  visibleRange() {
    const { columns, rowPx } = this.layout;
    const top = -this.element.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor((top - MARGIN_PX) / rowPx)) * columns;
    return [first, Math.min(this.items.length, Math.ceil((top + window.innerHeight + MARGIN_PX) / rowPx) * columns)];
  }

  addCell(position) {
    let cell = this.spare.pop();
    if (!cell) {
      cell = this.options.makeCell();
      cell.id = `${this.element.id}-cell-${this.cells.size + this.spare.length}-${Math.random().toString(36).slice(2, 8)}`;
      this.element.append(cell);
    }
    cell.hidden = false;
    this.cells.set(position, cell);
    this.putCell(cell, position);
    this.options.showItem(cell, this.items[position], position);
  }

  putCell(cell, position) {
    const { columns, widthPx, gapPx, rowPx } = this.layout;
    const column = position % columns;
    cell.style.transform = `translate(${column * (widthPx + gapPx)}px, ${Math.floor(position / columns) * rowPx}px)`;
    if (columns > 1 || gapPx) cell.style.width = `${widthPx}px`;
    if (gapPx) cell.style.height = `${rowPx - gapPx}px`;
  }

  mark() {
    for (const [position, cell] of this.cells) {
      const isActive = position === this.active;
      cell.classList.toggle("active", isActive);
      cell.setAttribute("aria-selected", String(isActive));
      if (isActive) this.focused.setAttribute("aria-activedescendant", cell.id);
    }
    if (!this.cells.has(this.active)) this.focused.removeAttribute("aria-activedescendant");
  }

  /** Make a position the active one and scroll it into view. */
  moveTo(position) {
    if (!this.items.length) return;
    this.active = Math.min(Math.max(0, position), this.items.length - 1);
    const { columns, rowPx } = this.layout;
    const top = this.element.getBoundingClientRect().top + Math.floor(this.active / columns) * rowPx;
    const hidden = document.querySelector(".tools").getBoundingClientRect().bottom + 8;
    if (top < hidden) window.scrollBy(0, top - hidden);
    else if (top + rowPx > window.innerHeight) window.scrollBy(0, top + rowPx - window.innerHeight + 8);
    this.place();
  }

  pressKey(event) {
    if (event.target !== this.focused) return;
    const { columns, rowPx } = this.layout;
    const page = Math.max(1, Math.floor(window.innerHeight / rowPx) - 1) * columns;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -page, PageDown: page };
    const item = this.items[this.active];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) this.step(steps[event.key]);
    else if (event.key === "Home") this.moveTo(0);
    else if (event.key === "End") this.moveTo(this.items.length - 1);
    else if ((event.key === "Enter" || event.key === " ") && item) this.options.onOpen(item);
    else if (!item || !this.options.onKey(event, item)) return;
    event.preventDefault();
  }

  step(by) {
    const wanted = this.active + by;
    if (wanted >= 0 && wanted < this.items.length) this.moveTo(wanted);
    else if (Math.abs(by) > this.layout.columns) this.moveTo(wanted);
  }

  click(event) {
    const cell = event.target.closest("[data-position]");
    if (!cell || cell.parentElement !== this.element) return;
    this.active = Number(cell.dataset.position);
    this.mark();
    this.options.onOpen(this.items[this.active]);
  }
}
