/** The labels that a person gives: kept in the browser under the dataset's id, saved and read as labels.csv. */

const LABELS = ["on", "off", "unclear"];

export class Corrections {
  constructor(datasetId) {
    this.key = `offsample-labels:${datasetId}`;
    this.labels = new Map();
    this.isKept = true;
    this.read();
  }

  get count() {
    return this.labels.size;
  }

  get(id) {
    return this.labels.get(id) ?? null;
  }

  set(id, label) {
    if (label) this.labels.set(id, label);
    else this.labels.delete(id);
    this.write();
  }

  clear() {
    this.labels.clear();
    this.write();
  }

  read() {
    try {
      const stored = JSON.parse(localStorage.getItem(this.key) ?? "{}");
      for (const [id, label] of Object.entries(stored)) if (LABELS.includes(label)) this.labels.set(id, label);
    } catch {
      this.isKept = false;
    }
  }

  write() {
    try {
      if (this.labels.size) localStorage.setItem(this.key, JSON.stringify(Object.fromEntries(this.labels)));
      else localStorage.removeItem(this.key);
    } catch {
      this.isKept = false;
    }
  }

  /** A label file: one row for each ion with a label. */
  toCsv(ions, about) {
    const columns = ["annotation_id", "label", "mz", "off_sample_probability", "dataset_id", "release"];
    const rows = ions
      .filter((ion) => this.labels.has(ion.id))
      .map((ion) => [ion.id, this.get(ion.id), ion.mz, ion.probability, about.dataset_id, about.release]);
    return [columns, ...rows].map((row) => row.map(quote).join(",")).join("\n") + "\n";
  }

  /** Take over the labels of a file; returns how many, of how many rows. */
  readCsv(text, ions) {
    const known = new Set(ions.map((ion) => ion.id));
    const [head, ...rows] = parseCsv(text.replace(/^\uFEFF/, ""));
    const [id, label] = ["annotation_id", "label"].map((name) => (head ?? []).findIndex((cell) => cell.trim().toLowerCase() === name));
    if (id < 0 || label < 0) throw new Error("expected a table with the columns annotation_id and label");
    let taken = 0;
    for (const row of rows) {
      const given = (row[label] ?? "").trim().toLowerCase();
      if (!known.has(row[id]) || !LABELS.includes(given)) continue;
      this.labels.set(row[id], given);
      taken += 1;
    }
    this.write();
    return { taken, rows: rows.length };
  }
}

function quote(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The rows of a CSV text, RFC 4180; empty lines are left out. */
function parseCsv(text) {
  const rows = [];
  let row = [];
  const field = /("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|$)/gy;
  for (let found = field.exec(text); found; found = field.exec(text)) {
    const [whole, cell, end] = found;
    row.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end !== ",") {
      if (row.some((one) => one !== "")) rows.push(row);
      row = [];
    }
    if (!whole || field.lastIndex >= text.length) break;
  }
  return rows;
}
