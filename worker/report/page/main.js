/** Puts the page together: reads its data, and connects what the reader chooses with what is drawn. */

import { Area } from "./area.js";
import { Corrections } from "./corrections.js";
import { Detail } from "./detail.js";
import { Explanations } from "./explanations.js";
import { drawHistogram } from "./histogram.js";
import { GROUPS, groupOf, matches, readIons, sortIons } from "./ions.js";
import { Painter } from "./painting.js";
import { Pictures } from "./pictures.js";
import { Spectra } from "./spectra.js";
import { IonTable } from "./table.js";
import { Tiles } from "./tiles.js";

const KEYS = { 1: "on", 2: "off", 3: "unclear", 0: null };

class Page {
  constructor(data) {
    this.data = data;
    this.ions = readIons(data.ions);
    this.choices = {
      threshold: data.threshold, groups: new Set(GROUPS), query: "", tolerance: 10, sort: "confidence", reversed: false,
      view: "pictures", colours: "viridis", size: 144, clipped: true,
    };
    this.corrections = new Corrections(data.dataset_id);
    this.painter = new Painter(new Tiles(this.ions), data.codes, this.choices);
    this.area = data.figures ? new Area(data.figures, data.codes, this.choices) : null;
    this.explanations = new Explanations(data.explanations);
    this.tileRatio = commonRatio(this.ions);
    this.pictures = new Pictures(this);
    this.table = new IonTable(this);
    this.detail = new Detail(this);
    this.spectra = new Spectra(this.ions, (ion) => this.openIon(ion));
    this.connect();
    this.relabel();
    this.showCorrections();
    new ResizeObserver(() => this.drawHistograms()).observe(field("histogram"));
    this.area?.load();
  }

  get shown() {
    return this.choices.view === "table" ? this.table : this.pictures;
  }

  connect() {
    const { choices } = this;
    const take = (id, event, act) => field(id).addEventListener(event, () => act(field(id)));
    field("threshold").value = choices.threshold;
    take("threshold", "input", ({ value }) => this.moveThreshold(Number(value)));
    take("threshold-reset", "click", () => this.moveThreshold(this.data.threshold));
    take("query", "input", ({ value }) => this.select({ query: value }));
    take("tolerance", "input", ({ value }) => this.select({ tolerance: Number(value) }));
    take("sort", "change", ({ value }) => this.select({ sort: value, reversed: false }));
    take("direction", "click", () => this.select({ reversed: !choices.reversed }));
    take("view", "change", ({ value }) => this.select({ view: value }));
    take("colours", "change", ({ value }) => this.repaint({ colours: value }));
    take("clipped", "change", ({ checked }) => this.repaint({ clipped: checked }));
    take("size", "change", ({ value }) => this.resize(Number(value)));
    take("theme", "change", ({ value }) => (document.documentElement.style.colorScheme = value));
    take("more", "click", (button) => button.setAttribute("aria-expanded", String(field("further").classList.toggle("open"))));
    take("save-labels", "click", () => this.saveLabels());
    take("load-labels", "change", (input) => this.loadLabels(input));
    take("forget-labels", "click", () => this.forgetLabels());
    for (const box of document.querySelectorAll("[data-group]")) {
      box.addEventListener("change", () => {
        choices.groups[box.checked ? "add" : "delete"](box.dataset.group);
        this.select({});
      });
    }
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || this.detail.dialog.open || event.target.matches("input, select")) return;
      event.preventDefault();
      field("query").focus();
    });
    field("tolerance-field").hidden = this.ions.every((ion) => ion.mz === null);
  }

  /** Show the ions that the choices select. */
  select(changes) {
    Object.assign(this.choices, changes);
    const { choices } = this;
    field("sort").value = [...field("sort").options].some((option) => option.value === choices.sort) ? choices.sort : "confidence";
    field("direction").setAttribute("aria-pressed", String(choices.reversed));
    const found = this.ions.filter(
      (ion) => choices.groups.has(groupOf(ion, choices.threshold)) && matches(ion, choices.query, choices.tolerance),
    );
    field("table").hidden = choices.view !== "table";
    field("panes").hidden = document.querySelector(".tabs").hidden = choices.view === "table";
    if (choices.view === "table") this.table.show(this.sortForTable(found));
    else this.pictures.show(found);
    field("announcement").textContent = `${found.length.toLocaleString("en-US")} of ${this.ions.length.toLocaleString("en-US")} ion images shown`;
  }

  sortForTable(ions) {
    const { sort, reversed, threshold } = this.choices;
    return sort === "confidence" ? sortIons(ions, "probability", !reversed, threshold) : sortIons(ions, sort, reversed, threshold);
  }

  /** Sort by a column of the table; the same column again reverses it. */
  sortBy(key) {
    const { sort, reversed } = this.choices;
    const current = sort === "confidence" ? "probability" : sort;
    const wasReversed = sort === "confidence" ? !reversed : reversed;
    this.select({ sort: key, reversed: current === key ? !wasReversed : false });
  }

  moveThreshold(threshold) {
    this.choices.threshold = threshold;
    this.relabel();
  }

  relabel() {
    const { threshold } = this.choices;
    field("threshold").value = threshold;
    field("threshold-value").textContent = Number(threshold.toFixed(3)).toString();
    field("threshold-reset").hidden = threshold === this.data.threshold;
    const counts = new Map(GROUPS.map((group) => [group, 0]));
    for (const ion of this.ions) counts.set(groupOf(ion, threshold), counts.get(groupOf(ion, threshold)) + 1);
    for (const [group, count] of counts) {
      const place = document.querySelector(`[data-count="${group}"]`);
      place.textContent = count.toLocaleString("en-US");
      place.closest(".chip").hidden = !count && !["on", "off"].includes(group);
    }
    this.drawHistograms();
    this.select({});
  }

  drawHistograms() {
    const { threshold } = this.choices;
    const band = this.data.uncertain_band;
    drawHistogram(field("histogram"), this.ions, threshold, band);
    drawHistogram(field("small-histogram"), this.ions, threshold, band, true);
    const off = this.ions.filter((ion) => ion.probability >= threshold && ion.probability !== null).length;
    const all = this.ions.filter((ion) => ion.probability !== null).length;
    const shaded = band ? `; between ${band[0]} and ${band[1]} (shaded) a label is uncertain` : "";
    field("histogram-text").textContent = `${off.toLocaleString("en-US")} of ${all.toLocaleString("en-US")} classified images are at or above the threshold of ${Number(threshold.toFixed(3))}${shaded}`;
  }

  repaint(changes) {
    Object.assign(this.choices, changes);
    this.painter.recolour();
    this.area?.draw();
    this.shown.refresh();
  }

  resize(size) {
    this.choices.size = size;
    this.pictures.measure();
  }

  openIon(ion) {
    this.detail.open(ion, this.shown.items);
  }

  /** Give the label of a key to an ion; true when the key is one of them. */
  pressKey(event, ion) {
    if (!(event.key in KEYS)) return false;
    this.judge(ion, KEYS[event.key]);
    return true;
  }

  judge(ion, label) {
    this.corrections.set(ion.id, label);
    this.shown.refresh();
    if (this.detail.dialog.open) this.detail.show(ion);
    this.showCorrections();
    field("announcement").textContent = `${ion.id}: ${label ? `your label is ${label}` : "no label of yours"}`;
  }

  showCorrections() {
    const { count, isKept } = this.corrections;
    const kept = isKept ? "" : " (this browser does not keep them: save them)";
    field("corrected").textContent = count ? `${count.toLocaleString("en-US")} labelled by you${kept}` : "";
    field("save-labels").hidden = field("forget-labels").hidden = !count;
  }

  saveLabels() {
    const csv = this.corrections.toCsv(this.ions, this.data);
    const link = Object.assign(document.createElement("a"), { download: "labels.csv", href: URL.createObjectURL(new Blob([csv], { type: "text/csv" })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  async loadLabels(input) {
    const [file] = input.files;
    if (!file) return;
    try {
      const { taken, rows } = this.corrections.readCsv(await file.text(), this.ions);
      this.showCorrections();
      this.shown.refresh();
      field("announcement").textContent = `${taken} of ${rows} labels taken over`;
    } catch (error) {
      field("corrected").textContent = `${file.name}: ${error.message}`;
    }
    input.value = "";
  }

  forgetLabels() {
    if (!window.confirm(`Forget ${this.corrections.count} labels of yours?`)) return;
    this.corrections.clear();
    this.shown.refresh();
    this.showCorrections();
  }
}

function field(id) {
  return document.getElementById(id);
}

/** Height over width of most images, within what a tile can show. */
function commonRatio(ions) {
  const ratios = ions.filter((ion) => ion.shape).map((ion) => ion.shape[0] / ion.shape[1]).sort((one, other) => one - other);
  return Math.min(1.6, Math.max(0.3, ratios[Math.floor(ratios.length / 2)] ?? 1));
}

const page = new Page(JSON.parse(document.getElementById("data").textContent));
const blocks = page.ions.reduce((most, ion) => Math.max(most, (ion.block ?? -1) + 1), 0);
page.painter.tiles.loadAll(blocks);
document.documentElement.dataset.ready = "yes";
