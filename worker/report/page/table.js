/** The ions as a table that any column sorts. */

import { labelOf } from "./ions.js";
import { short } from "./svg.js";
import { VirtualGrid } from "./virtual_grid.js";

const ROW_PX = 56;
const COLUMNS = [
  { title: "", width: "62px", read: () => "" },
  { title: "Id", key: "name", width: "minmax(150px, 1.6fr)", read: (ion) => ion.id },
  { title: "m/z", key: "mz", width: "112px", number: true, read: (ion) => (ion.mz === null ? "" : ion.mz.toFixed(4)) },
  { title: "Formula", key: "formula", width: "minmax(130px, 1.2fr)", read: (ion) => `${ion.formula ?? ""} ${ion.adduct ?? ""}`.trim() },
  { title: "Label", width: "76px", read: (ion, page) => labelOf(ion, page.choices.threshold) ?? "" },
  { title: "Status", key: "status", width: "110px", read: (ion) => (ion.uncertain ? "uncertain" : ion.status.replace("_", " ")) },
  { title: "P(off)", key: "probability", width: "86px", number: true, read: (ion) => ion.probability?.toFixed(3) ?? "" },
  { title: "Spread", key: "spread", width: "86px", number: true, read: (ion) => ion.spread?.toFixed(3) ?? "" },
  { title: "Non-zero", key: "signal", width: "98px", number: true, read: (ion) => (ion.signal_share === null ? "" : `${(ion.signal_share * 100).toFixed(1)} %`) },
  { title: "Total", key: "total", width: "102px", number: true, read: (ion) => short(ion.total) },
  { title: "Maximum", key: "maximum", width: "108px", number: true, read: (ion) => short(ion.maximum) },
  { title: "Yours", width: "84px", read: (ion, page) => page.corrections.get(ion.id) ?? "" },
];

export class IonTable {
  constructor(page) {
    this.page = page;
    this.element = document.getElementById("table");
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "grid");
    this.element.setAttribute("aria-label", "Ion images");
    this.heads = new Map();
    const isKnown = { mz: (ion) => ion.mz !== null, formula: (ion) => ion.formula !== null };
    this.columns = COLUMNS.filter(({ key }) => !isKnown[key] || page.ions.some(isKnown[key]));
    this.element.style.setProperty("--columns", this.columns.map(({ width }) => width).join(" "));
    const body = Object.assign(document.createElement("div"), { className: "body", id: "table-body" });
    body.setAttribute("role", "rowgroup");
    this.element.append(this.makeHead(), body);
    this.grid = new VirtualGrid(body, {
      focused: this.element,
      makeCell: () => this.makeRow(),
      showItem: (row, ion, position) => this.showRow(row, ion, position),
      columnsFor: (width) => ({ columns: 1, widthPx: width, gapPx: 0 }),
      rowHeight: () => ROW_PX,
      onOpen: (ion) => this.page.openIon(ion),
      onKey: (event, ion) => this.page.pressKey(event, ion),
    });
  }

  makeHead() {
    const head = Object.assign(document.createElement("div"), { className: "row head" });
    head.setAttribute("role", "row");
    for (const column of this.columns) {
      const cell = document.createElement("div");
      cell.setAttribute("role", "columnheader");
      cell.className = column.number ? "number" : "";
      if (column.key) {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: column.title });
        button.addEventListener("click", () => this.page.sortBy(column.key));
        cell.append(button);
        this.heads.set(column.key, { cell, button, title: column.title });
      } else if (column.title) cell.textContent = column.title;
      else cell.append(Object.assign(document.createElement("span"), { className: "unseen", textContent: "Picture" }));
      head.append(cell);
    }
    return head;
  }

  show(ions) {
    this.items = ions;
    const { sort, reversed } = this.page.choices;
    for (const [key, { cell, button, title }] of this.heads) {
      const isSorted = key === sort || (key === "probability" && sort === "confidence");
      const descending = sort === "confidence" ? !reversed : reversed;
      if (isSorted) cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
      button.textContent = isSorted ? `${title} ${descending ? "\u25be" : "\u25b4"}` : title;
    }
    this.element.setAttribute("aria-rowcount", ions.length + 1);
    this.grid.setItems(ions);
  }

  refresh() {
    this.grid.refresh();
  }

  showRow(row, ion, position) {
    row.dataset.position = position;
    row.setAttribute("aria-rowindex", position + 2);
    this.columns.forEach((column, index) => {
      if (index) row.children[index].textContent = column.read(ion, this.page);
    });
    const label = labelOf(ion, this.page.choices.threshold);
    row.children[this.columns.findIndex(({ title }) => title === "Label")].className = label ? `label-${label}` : "";
    row.title = ion.reason ?? "";
    row.canvas.hidden = ion.block === null;
    if (ion.block !== null) this.page.painter.paint(row.canvas, ion);
  }

  makeRow() {
    const row = Object.assign(document.createElement("div"), { className: "row" });
    row.setAttribute("role", "row");
    this.columns.forEach((column, index) => {
      const cell = document.createElement("div");
      cell.setAttribute("role", "gridcell");
      cell.className = column.number ? "number" : "";
      if (!index) row.canvas = cell.appendChild(document.createElement("canvas"));
      row.append(cell);
    });
    return row;
  }
}
