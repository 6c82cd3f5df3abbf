/** The tiles of the page: inflated a block at a time when they are first drawn, then kept. */

const KEPT_BYTES = 96 * 2 ** 20;

/** The bytes of base64 text that was compressed by deflate. */
export async function inflate(base64) {
  const compressed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export class Tiles {
  /** `ions` have block, place and shape. */
  constructor(ions) {
    this.offsets = offsetsOf(ions);
    this.blocks = new Map();
    this.waiting = new Map();
    this.bytes = 0;
  }

  /** The codes of an ion's tile if they are inflated, else null. */
  read(ion) {
    const block = this.blocks.get(ion.block);
    if (!block) return null;
    this.blocks.delete(ion.block);
    this.blocks.set(ion.block, block);
    const start = this.offsets[ion.index];
    return block.subarray(start, start + ion.shape[0] * ion.shape[1]);
  }

  /** The codes of an ion's tile, once they are inflated. */
  async load(ion) {
    if (!this.blocks.has(ion.block)) await this.loadBlock(ion.block);
    return this.read(ion);
  }

  loadBlock(number) {
    if (this.blocks.has(number)) return Promise.resolve();
    if (!this.waiting.has(number)) {
      const loading = this.inflateBlock(number).finally(() => this.waiting.delete(number));
      this.waiting.set(number, loading);
    }
    return this.waiting.get(number);
  }

  async inflateBlock(number) {
    const codes = await inflate((await findBlock(number)).textContent);
    this.blocks.set(number, codes);
    this.bytes += codes.length;
    for (const [oldest, dropped] of this.blocks) {
      if (this.bytes <= KEPT_BYTES || oldest === number) break;
      this.blocks.delete(oldest);
      this.bytes -= dropped.length;
    }
  }

  /** Inflate all blocks while the page has nothing else to do, as far as they can be kept. */
  async loadAll(count) {
    for (let number = 0; number < count && this.bytes < KEPT_BYTES * 0.9; number += 1) {
      await idle();
      await this.loadBlock(number);
    }
  }
}

function offsetsOf(ions) {
  const offsets = new Array(ions.length).fill(0);
  const ends = new Map();
  const placed = ions.filter((ion) => ion.block !== null).sort((a, b) => a.block - b.block || a.place - b.place);
  for (const ion of placed) {
    offsets[ion.index] = ends.get(ion.block) ?? 0;
    ends.set(ion.block, offsets[ion.index] + ion.shape[0] * ion.shape[1]);
  }
  return offsets;
}

/** The element of a block; while the page is still being read, the last elements are not there yet. */
async function findBlock(number) {
  const id = `tiles-${number}`;
  while (document.readyState === "loading" && !document.getElementById(`tiles-${number + 1}`)) {
    await new Promise((resume) => setTimeout(resume, 20));
  }
  return document.getElementById(id);
}

function idle() {
  return new Promise((resume) => ("requestIdleCallback" in window ? requestIdleCallback(resume) : setTimeout(resume, 20)));
}
