/** The predicted sample mask, its outline, and the mean ion image. */

import { colourMap } from "./colours.js";
import { drawPixels } from "./painting.js";
import { inflate } from "./tiles.js";

/** 0 off-sample, 1 sample, 2 not acquired; as the swatches of the page's key. */
const MASK_PIXELS = Uint32Array.of(0xff4c8ae0, 0xffc1741d, 0);

const LOW_CONFIDENCE = 0.75;

export class Area {
  constructor(figures, codes, choices) {
    this.figures = figures;
    this.codes = codes;
    this.choices = choices;
  }

  async load() {
    const bytes = await inflate(this.figures.packed);
    const half = bytes.length / 2;
    this.mask = bytes.subarray(0, half);
    this.mean = bytes.subarray(half);
    this.outline = this.figures.off_sample_area === "present" ? traceOutline(this.mask, this.figures.shape) : "";
    this.describe();
    this.draw();
  }

  draw() {
    if (!this.mean) return;
    const map = colourMap(this.choices.colours);
    const pixels = new Uint32Array(256);
    for (let code = 0; code <= this.codes.linear; code += 1) pixels[code] = map[Math.round((code / this.codes.linear) * 255)];
    drawPixels(document.getElementById("mean"), this.figures.shape, this.mean, pixels);
    const areas = this.mask.map((sample, index) => (this.mean[index] === this.codes.not_acquired ? 2 : sample));
    drawPixels(document.getElementById("mask"), this.figures.shape, areas, MASK_PIXELS);
  }

  describe() {
    const { off_sample_area: area, confidence, sample_share: share } = this.figures;
    const sure = `confidence ${Math.round(confidence * 100)} %${confidence < LOW_CONFIDENCE ? ", which is low: look whether it is right" : ""}`;
    const texts = {
      present: `${Math.round(share * 100)} % of the measured pixels are sample, ${sure}`,
      absent: `no off-sample area was found, ${sure}`,
      unclear: `${Math.round(share * 100)} % of the measured pixels may be sample; it is unclear whether there is off-sample area`,
    };
    document.getElementById("mask-text").textContent = texts[area] ?? "no image shows enough to tell sample from background";
    for (const id of ["mask-card", "mean-card"]) document.getElementById(id).hidden = false;
  }
}

/** The border between sample and everything else as an SVG path in pixels. */
function traceOutline(mask, [height, width]) {
  const inside = (row, column) => row >= 0 && column >= 0 && row < height && column < width && mask[row * width + column] === 1;
  const parts = [];
  for (let row = 0; row <= height; row += 1) {
    for (let column = 0; column <= width; column += 1) {
      if (inside(row, column) !== inside(row - 1, column)) parts.push(`M${column} ${row}h1`);
      if (inside(row, column) !== inside(row, column - 1)) parts.push(`M${column} ${row}v1`);
    }
  }
  return parts.join("");
}
