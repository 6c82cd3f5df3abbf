/** The ion images as tiles: off-sample and on-sample side by side, and those without a label. */

import { describe, labelOf, nameOf, sortIons } from "./ions.js";
import { VirtualGrid } from "./virtual_grid.js";

const GAP_PX = 10;
const CAPTION_PX = 66;
const PANES = [
  { name: "off", title: "Off-sample" },
  { name: "on", title: "On-sample" },
  { name: "none", title: "Not classified" },
];

export class Pictures {
  /** `page` has choices, corrections, painter, openIon and pressKey. */
  constructor(page) {
    this.page = page;
    this.tabs = document.querySelector(".tabs");
    this.panes = PANES.map((pane) => this.makePane(pane));
    this.choose(this.panes[0]);
    this.shareWidth();
  }

  /** A pane with more images is wider, but none is narrower than half of another; fixed, so that nothing jumps. */
  shareWidth() {
    const { choices, ions } = this.page;
    const counts = PANES.map(({ name }) => ions.filter((ion) => (labelOf(ion, choices.threshold) ?? "none") === name).length);
    const most = Math.max(1, ...counts);
    this.panes.forEach((pane, index) => (pane.section.style.flexGrow = Math.max(0.5, Math.sqrt(counts[index] / most))));
  }

  makePane({ name, title }) {
    const section = document.createElement("section");
    section.className = `pane ${name}`;
    section.setAttribute("aria-labelledby", `pane-${name}`);
    const heading = Object.assign(document.createElement("h3"), { id: `pane-${name}` });
    const count = document.createElement("small");
    heading.append(`${title} `, count);
    const element = Object.assign(document.createElement("div"), { className: "grid", id: `grid-${name}`, tabIndex: 0 });
    element.setAttribute("role", "listbox");
    element.setAttribute("aria-labelledby", `pane-${name}`);
    const empty = Object.assign(document.createElement("p"), { className: "empty", textContent: "None is shown.", hidden: true });
    section.append(heading, element, empty);
    document.getElementById("panes").append(section);
    const tab = Object.assign(document.createElement("button"), { type: "button" });
    this.tabs.append(tab);
    const grid = new VirtualGrid(element, {
      makeCell: makeTile,
      showItem: (cell, ion, position) => this.showTile(cell, ion, position),
      columnsFor: (width) => columnsFor(width, this.page.choices.size),
      rowHeight: (width) => Math.round(width * this.page.tileRatio) + CAPTION_PX,
      onOpen: (ion) => this.page.openIon(ion),
      onKey: (event, ion) => this.page.pressKey(event, ion),
    });
    const pane = { name, title, section, count, element, empty, tab, grid };
    tab.addEventListener("click", () => this.choose(pane));
    return pane;
  }

  /** On a narrow screen one pane is seen at a time. */
  choose(chosen) {
    document.getElementById("panes").classList.add("tabbed");
    for (const pane of this.panes) {
      pane.section.classList.toggle("chosen", pane === chosen);
      pane.tab.setAttribute("aria-pressed", String(pane === chosen));
      if (pane === chosen) pane.grid.measure();
    }
  }

  /** Show these ions in their panes. */
  show(ions) {
    const { sort, reversed, threshold } = this.page.choices;
    for (const pane of this.panes) {
      const own = ions.filter((ion) => (labelOf(ion, threshold) ?? "none") === pane.name);
      const confidence = sort === "confidence";
      const descending = confidence ? (pane.name === "off") !== reversed : reversed;
      pane.items = sortIons(own, confidence ? "probability" : sort, descending, threshold);
      pane.count.textContent = own.length.toLocaleString("en-US");
      pane.tab.textContent = `${pane.title} ${own.length.toLocaleString("en-US")}`;
      pane.section.hidden = pane.tab.hidden = pane.name === "none" && !own.length;
      pane.empty.hidden = own.length > 0;
      pane.element.hidden = !own.length;
      pane.grid.setItems(pane.items);
    }
    const chosen = this.panes.find((pane) => pane.section.classList.contains("chosen"));
    if (chosen.section.hidden) this.choose(this.panes[0]);
  }

  /** The ions in the order in which they are shown. */
  get items() {
    return this.panes.flatMap((pane) => pane.items);
  }

  refresh() {
    for (const pane of this.panes) pane.grid.refresh();
  }

  measure() {
    for (const pane of this.panes) pane.grid.measure();
  }

  showTile(cell, ion, position) {
    const { choices, corrections, painter } = this.page;
    const label = labelOf(ion, choices.threshold);
    const yours = corrections.get(ion.id);
    const parts = cell.parts;
    cell.dataset.position = position;
    cell.className = ["tile", label ? `is-${label}` : "", ion.uncertain ? "uncertain" : "", yours && yours !== label ? "differs" : ""].join(" ");
    cell.setAttribute("aria-setsize", label ? this.paneOf(label).items.length : this.paneOf("none").items.length);
    cell.setAttribute("aria-posinset", position + 1);
    parts.name.textContent = nameOf(ion);
    parts.ion.textContent = describe(ion);
    parts.value.hidden = ion.probability === null;
    parts.label.textContent = label ? `${label}-sample, P(off)` : ion.status.replace("_", " ");
    if (ion.probability !== null) {
      parts.fill.style.width = `${Math.round(ion.probability * 100)}%`;
      parts.number.textContent = `${ion.probability.toFixed(2)} \u00b1 ${ion.spread.toFixed(2)}`;
    }
    parts.mark.hidden = !ion.uncertain;
    parts.yours.hidden = !yours;
    parts.yours.className = `yours ${yours ?? ""}`;
    parts.yours.textContent = yours ? `yours: ${yours}` : "";
    const hasPicture = ion.block !== null;
    parts.canvas.hidden = !hasPicture;
    parts.missing.hidden = hasPicture;
    parts.missing.textContent = hasPicture ? "" : ion.reason ?? "";
    cell.title = ion.reason ?? "";
    if (hasPicture) painter.paint(parts.canvas, ion);
  }

  paneOf(name) {
    return this.panes.find((pane) => pane.name === name);
  }
}

function columnsFor(width, wanted) {
  const columns = Math.max(1, Math.floor((width + GAP_PX) / (wanted + GAP_PX)));
  return { columns, widthPx: Math.floor((width - (columns - 1) * GAP_PX) / columns), gapPx: GAP_PX };
}

function makeTile() {
  const cell = document.createElement("div");
  cell.setAttribute("role", "option");
  const make = (name, className, parent = cell) => {
    const made = Object.assign(document.createElement(name), { className });
    parent.append(made);
    return made;
  };
  const canvas = make("canvas", "");
  const missing = make("p", "no-picture");
  const name = make("div", "name");
  const ion = make("div", "ion");
  const label = make("span", "unseen");
  const value = make("div", "value");
  const fill = make("i", "", make("span", "meter", value));
  const number = make("span", "", value);
  const mark = Object.assign(make("span", "mark"), { textContent: "uncertain" });
  const yours = make("span", "yours");
  canvas.setAttribute("aria-hidden", "true");
  cell.parts = { canvas, missing, name, ion, label, value, fill, number, mark, yours };
  return cell;
}
