/** One ion image, large, with all that is known about it. */

import { codeIntensities } from "./colours.js";
import { describe, labelOf, nameOf } from "./ions.js";
import { short } from "./svg.js";

export class Detail {
  constructor(page) {
    this.page = page;
    this.dialog = document.getElementById("detail");
    this.canvas = document.getElementById("detail-canvas");
    this.outline = document.getElementById("detail-outline");
    for (const [id, act] of [["previous", () => this.step(-1)], ["next", () => this.step(1)], ["close", () => this.dialog.close()]]) {
      document.getElementById(id).addEventListener("click", act);
    }
    for (const id of ["outline", "why"]) document.getElementById(id).addEventListener("change", () => this.placeOverlays());
    for (const button of this.buttons) button.addEventListener("click", () => this.page.judge(this.ion, button.dataset.label || null));
    this.dialog.addEventListener("keydown", (event) => this.pressKey(event));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.canvas.addEventListener("pointermove", (event) => this.readPixel(event));
    new ResizeObserver(() => this.placeOverlays()).observe(this.canvas);
  }

  get buttons() {
    return this.dialog.querySelectorAll("[data-label]");
  }

  open(ion, items) {
    this.items = items;
    this.show(ion);
    if (!this.dialog.open) this.dialog.showModal();
    this.placeOverlays();
  }

  step(by) {
    const wanted = this.items.indexOf(this.ion) + by;
    if (wanted >= 0 && wanted < this.items.length) this.show(this.items[wanted]);
  }

  pressKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
    if (event.key === "ArrowLeft") this.step(-1);
    else if (event.key === "ArrowRight") this.step(1);
    else if (!this.page.pressKey(event, this.ion)) return;
    event.preventDefault();
  }

  show(ion) {
    this.ion = ion;
    const { choices, corrections, painter } = this.page;
    document.getElementById("detail-title").textContent = [nameOf(ion), describe(ion)].filter(Boolean).join(" \u00b7 ");
    document.getElementById("pixel").textContent = "";
    this.dialog.querySelector(".detail-picture").hidden = ion.block === null;
    if (ion.block !== null) {
      this.canvas.setAttribute("aria-label", `Ion image of ${nameOf(ion)}`);
      painter.paint(this.canvas, ion).then(() => this.placeOverlays());
      document.getElementById("scale-top").textContent = `${short(choices.clipped ? ion.ceiling : ion.highest)}${choices.clipped ? " and more" : ""}`;
      this.drawScale();
    }
    const yours = corrections.get(ion.id) ?? "";
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.label === yours));
    document.getElementById("detail-facts").replaceChildren(...this.facts(ion).map(makeFact));
  }

  facts(ion) {
    const percent = (share) => (share === null ? null : `${(share * 100).toFixed(1)} %`);
    const label = labelOf(ion, this.page.choices.threshold);
    return [
      ["Label", label ? `${label}-sample${ion.uncertain ? ", uncertain" : ""}` : null],
      ["Status", ion.status === "classified" ? null : ion.status.replace("_", " ")],
      ["Reason", ion.reason],
      ["P(off-sample)", ion.probability?.toFixed(4)],
      ["Member spread", ion.spread?.toFixed(4)],
      ["Id", ion.id],
      ["m/z", ion.mz?.toFixed(5)],
      ["Formula", ion.formula],
      ["Adduct", ion.adduct],
      ["Non-zero pixels", percent(ion.signal_share)],
      ["Total intensity", short(ion.total)],
      ["Maximum", short(ion.maximum)],
      ["99th percentile", short(ion.ceiling)],
      ["Mean on sample", ion.mean_off === null ? null : short(ion.mean_on)],
      ["Mean off sample", short(ion.mean_off)],
      ["Release", this.page.data.release],
    ].filter(([, text]) => text !== null && text !== undefined && text !== "");
  }

  drawScale() {
    const canvas = document.getElementById("scale");
    const image = new ImageData(256, 1);
    new Uint32Array(image.data.buffer).set(this.page.painter.map);
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  /** Lay the outline of the sample and the reasons of the label over the picture. */
  placeOverlays() {
    if (!this.ion?.shape) return;
    this.placeOutline(this.ion.shape);
    const { explanations } = this.page;
    const isExplained = explanations.has(this.ion);
    const isShown = isExplained && document.getElementById("why").checked;
    const why = document.getElementById("detail-why");
    const text = document.getElementById("why-text");
    document.getElementById("why-field").hidden = !isExplained;
    why.hidden = text.hidden = !isShown;
    why.parentElement.classList.toggle("explained", isShown);
    if (!isShown) return;
    text.textContent = explanations.describe(this.ion);
    this.cover(why, this.ion.shape);
    explanations.draw(why, this.ion);
  }

  /** Make an element as large as the picture, which is centred in its canvas. */
  cover(element, [height, width]) {
    const scale = Math.min(this.canvas.clientWidth / width, this.canvas.clientHeight / height);
    Object.assign(element.style, {
      width: `${width * scale}px`,
      height: `${height * scale}px`,
      left: `${this.canvas.offsetLeft + (this.canvas.clientWidth - width * scale) / 2}px`,
      top: `${this.canvas.offsetTop + (this.canvas.clientHeight - height * scale) / 2}px`,
    });
  }

  placeOutline([height, width]) {
    const { area } = this.page;
    const fits = area?.outline && String(area.figures.shape) === String([height, width]);
    document.getElementById("outline-field").hidden = !fits;
    this.outline.replaceChildren();
    if (!fits || !document.getElementById("outline").checked) return;
    this.cover(this.outline, [height, width]);
    this.outline.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", area.outline);
    path.setAttribute("vector-effect", "non-scaling-stroke");
    this.outline.append(path);
  }

  readPixel(event) {
    const [height, width] = this.ion.shape;
    const scale = Math.min(this.canvas.clientWidth / width, this.canvas.clientHeight / height);
    const column = Math.floor((event.offsetX - (this.canvas.clientWidth - width * scale) / 2) / scale);
    const row = Math.floor((event.offsetY - (this.canvas.clientHeight - height * scale) / 2) / scale);
    const codes = this.page.painter.tiles.read(this.ion);
    const output = document.getElementById("pixel");
    if (!codes || row < 0 || column < 0 || row >= height || column >= width) {
      output.textContent = "";
      return;
    }
    const code = codes[row * width + column];
    const value = code === this.page.data.codes.not_acquired ? "not acquired" : `about ${short(codeIntensities(this.ion, this.page.data.codes)[code])}`;
    output.textContent = `x ${column}, y ${row}: ${value}`;
  }
}

function makeFact([name, text]) {
  const pair = document.createElement("div");
  pair.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: text }));
  return pair;
}
