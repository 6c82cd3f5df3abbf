/** Mean spectra of sample and off-sample area, mirrored: one line an ion; a drag or two numbers choose the range. */

import { describe, nameOf } from "./ions.js";
import { short, svgElement, ticks } from "./svg.js";

const HEIGHT = 260;
const EDGE = { left: 8, right: 8, top: 18, bottom: 26 };

export class Spectra {
  constructor(ions, onOpen) {
    this.ions = ions.filter((ion) => ion.mz !== null && ion.mean_on !== null).sort((one, other) => one.mz - other.mz);
    if (this.ions.length < 2) return;
    this.onOpen = onOpen;
    this.hasOff = this.ions.some((ion) => ion.mean_off !== null);
    this.element = document.getElementById("spectra");
    document.getElementById("spectra-card").hidden = false;
    document.getElementById("spectra-title").textContent = this.hasOff ? "Mean spectra of sample and off-sample area" : "Mean spectrum";
    document.getElementById("spectra-text").textContent = this.hasOff
      ? "Mean intensity of every ion over the pixels predicted as sample (up) and as off-sample (down)"
      : "Mean intensity of every ion over all measured pixels";
    this.fields = ["mz-from", "mz-to"].map((id) => document.getElementById(id));
    this.root = document.getElementById("root-scale");
    for (const field of this.fields) field.addEventListener("change", () => this.zoom(...this.fields.map((one) => Number(one.value))));
    this.root.addEventListener("change", () => this.draw());
    document.getElementById("mz-all").addEventListener("click", () => this.showAll());
    new ResizeObserver(() => this.draw()).observe(this.element);
    this.showAll();
  }

  showAll() {
    const [first, last] = [this.ions[0].mz, this.ions.at(-1).mz];
    const margin = Math.max(0.5, (last - first) * 0.01);
    this.zoom(first - margin, last + margin);
  }

  zoom(low, high) {
    if (!(high > low)) return;
    this.range = [low, high];
    this.fields.forEach((field, index) => (field.value = this.range[index].toFixed(2)));
    this.draw();
  }

  draw() {
    const [low, high] = this.range;
    this.width = Math.max(260, this.element.clientWidth);
    const shown = this.ions.filter((ion) => ion.mz >= low && ion.mz <= high);
    const top = Math.max(1e-30, ...shown.flatMap((ion) => [ion.mean_on, ion.mean_off ?? 0]));
    const scale = this.root.checked ? Math.sqrt : (value) => value;
    const middle = this.hasOff ? (HEIGHT - EDGE.bottom + EDGE.top) / 2 : HEIGHT - EDGE.bottom;
    const reach = middle - EDGE.top;
    this.x = (mz) => EDGE.left + ((mz - low) / (high - low)) * (this.width - EDGE.left - EDGE.right);
    const sticks = (field, sign) =>
      shown.map((ion) => `M${this.x(ion.mz).toFixed(1)} ${middle}v${(-sign * scale((ion[field] ?? 0) / top) * reach).toFixed(1)}`).join("");
    const svg = svgElement("svg", { viewBox: `0 0 ${this.width} ${HEIGHT}`, role: "img", "aria-label": `Mean spectra, ${shown.length} ions from m/z ${low.toFixed(2)} to ${high.toFixed(2)}` });
    svg.append(svgElement("path", { class: "on", d: sticks("mean_on", 1), "stroke-width": 1.4 }));
    if (this.hasOff) svg.append(svgElement("path", { class: "off", d: sticks("mean_off", -1), "stroke-width": 1.4 }));
    svg.append(svgElement("path", { class: "axis", d: `M${EDGE.left} ${middle}H${this.width - EDGE.right}` }));
    for (const mz of ticks(low, high, Math.max(2, this.width / 110))) {
      svg.append(svgElement("text", { x: this.x(mz), y: HEIGHT - 6, "text-anchor": "middle" }, Number(mz.toFixed(4)).toString()));
    }
    svg.append(svgElement("text", { x: this.width - EDGE.right, y: 12, class: "on", "text-anchor": "end" }, this.hasOff ? "sample" : ""));
    if (this.hasOff) svg.append(svgElement("text", { x: this.width - EDGE.right, y: HEIGHT - 28, class: "off", "text-anchor": "end" }, "off-sample"));
    this.listen(svg, shown, middle, (ion) => scale(Math.max(ion.mean_on, ion.mean_off ?? 0) / top) * reach);
    this.element.replaceChildren(svg);
  }

  /** Name the nearest ion, open it on a click, zoom on a drag. */
  listen(svg, shown, middle, heightOf) {
    const hint = document.getElementById("spectra-hint");
    const near = svgElement("line", { class: "near" });
    const drag = svgElement("rect", { class: "drag", y: 0, height: HEIGHT, width: 0 });
    svg.append(near, drag);
    const positionOf = (event) => event.clientX - svg.getBoundingClientRect().left;
    let from = null;
    let nearest = null;
    svg.addEventListener("pointerdown", (event) => {
      from = positionOf(event);
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      const at = positionOf(event);
      nearest = shown.reduce((best, ion) => (best === null || Math.abs(this.x(ion.mz) - at) < Math.abs(this.x(best.mz) - at) ? ion : best), null);
      if (from !== null) for (const [name, value] of [["x", Math.min(from, at)], ["width", Math.abs(at - from)]]) drag.setAttribute(name, value);
      if (!nearest) return;
      const x = this.x(nearest.mz);
      for (const [name, value] of [["x1", x], ["x2", x], ["y1", middle - heightOf(nearest)], ["y2", middle]]) near.setAttribute(name, value);
      const off = nearest.mean_off === null ? "" : `, off-sample ${short(nearest.mean_off)}`;
      hint.textContent = `${nameOf(nearest)} ${describe(nearest)}: ${this.hasOff ? "sample " : ""}${short(nearest.mean_on)}${off}`;
    });
    svg.addEventListener("pointerup", (event) => {
      const at = positionOf(event);
      const [low, high] = this.range;
      const mz = (x) => low + ((x - EDGE.left) / (this.width - EDGE.left - EDGE.right)) * (high - low);
      const isDrag = from !== null && Math.abs(at - from) > 6;
      const start = from;
      from = null;
      if (isDrag) this.zoom(Math.max(mz(Math.min(start, at)), 0), mz(Math.max(start, at)));
      else if (nearest) this.onOpen(nearest);
    });
  }
}
