/** Draws tiles on canvases, in the colours that the reader chose. */

import { codePixels, colourMap } from "./colours.js";

export class Painter {
  constructor(tiles, codes, choices) {
    this.tiles = tiles;
    this.codes = codes;
    this.choices = choices;
    this.map = colourMap(choices.colours);
  }

  /** Call after the choice of colours changed. */
  recolour() {
    this.map = colourMap(this.choices.colours);
  }

  /** Draw an ion's image now if its tile is inflated, else when it is; a canvas shows the last ion it was given. */
  paint(canvas, ion) {
    canvas.ion = ion;
    const codes = this.tiles.read(ion);
    if (codes) {
      this.draw(canvas, ion, codes);
      return Promise.resolve();
    }
    canvas.classList.add("waiting");
    return this.tiles.load(ion).then((loaded) => {
      if (canvas.ion === ion) this.draw(canvas, ion, loaded);
    });
  }

  draw(canvas, ion, codes) {
    const pixels = codePixels(ion, this.codes, this.map, this.choices.clipped);
    drawPixels(canvas, ion.shape, codes, pixels);
    canvas.classList.remove("waiting");
  }
}

/** Greys of the hatching where nothing was acquired, which no other value has. */
const HATCH = Uint32Array.of(0xffa9a29b, 0xffd4cec8, 0xffd4cec8);

/** Put one pixel a code on a canvas of their size; where the pixel is 0, hatching. */
export function drawPixels(canvas, [height, width], codes, pixels) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const image = new ImageData(width, height);
  const target = new Uint32Array(image.data.buffer);
  for (let row = 0, index = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, index += 1) {
      target[index] = pixels[codes[index]] || HATCH[(row + column) % HATCH.length];
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}
