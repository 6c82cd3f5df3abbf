/** Why the labels most in doubt are what they are: maps of what speaks for off-sample and what for on-sample. */

import { inflate } from "./tiles.js";

const OFF = [224, 100, 20];
const ON = [20, 110, 220];
const STRONGEST = 0.75;

export class Explanations {
  /** `packed` has ids, scales, side and packed; null where no label was explained. */
  constructor(packed) {
    this.packed = packed;
    this.places = new Map((packed?.ids ?? []).map((id, place) => [id, place]));
  }

  has(ion) {
    return this.places.has(ion.id);
  }

  /** What a map says in words: by how much its strongest part changes the odds. */
  describe(ion) {
    const factor = Math.exp(this.packed.scales[this.places.get(ion.id)]);
    return (
      "Orange speaks for off-sample, blue for on-sample: how the odds change when that part is replaced by the image's mean, " +
      `at most by a factor of ${factor.toFixed(factor < 10 ? 1 : 0)}.`
    );
  }

  /** Draw the map of an ion: the stronger, the less transparent. */
  async draw(canvas, ion) {
    this.codes ??= inflate(this.packed.packed);
    const { side } = this.packed;
    const codes = (await this.codes).subarray(this.places.get(ion.id) * side * side);
    const image = new ImageData(side, side);
    for (let index = 0; index < side * side; index += 1) {
      const strength = (codes[index] - 128) / 127;
      image.data.set([...(strength > 0 ? OFF : ON), Math.abs(strength) * STRONGEST * 255], index * 4);
    }
    canvas.width = side;
    canvas.height = side;
    canvas.getContext("2d").putImageData(image, 0, 0);
  }
}
