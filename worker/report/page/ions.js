/** The ion images of the dataset: their fields, labels and groups, and which of them match a search. */

export const GROUPS = ["off", "on", "uncertain", "no_signal", "unreadable"];

/** One object an ion, from one list a field. */
export function readIons(columns) {
  const names = Object.keys(columns);
  return columns.id.map((_, index) => {
    const ion = { index };
    for (const name of names) ion[name] = columns[name][index];
    ion.text = [ion.id, ion.formula, ion.adduct, `${ion.formula ?? ""}${ion.adduct ?? ""}`].join("\n").toLowerCase();
    return ion;
  });
}

/** "off" or "on" at a threshold; null where the image was not classified. */
export function labelOf(ion, threshold) {
  if (ion.probability === null) return null;
  return ion.probability >= threshold ? "off" : "on";
}

/** The one group in which an ion is counted and shown. */
export function groupOf(ion, threshold) {
  if (ion.status !== "classified") return ion.status;
  return ion.uncertain ? "uncertain" : labelOf(ion, threshold);
}

/** How people call an ion: its m/z where it is known, else its id. */
export function nameOf(ion) {
  return ion.mz === null ? ion.id : `m/z ${ion.mz.toFixed(4)}`;
}

/** Formula and adduct, or the id where the name is the m/z and the id tells more than that. */
export function describe(ion) {
  if (ion.formula) return `${ion.formula} ${ion.adduct ?? ""}`.trim();
  return ion.mz === null || ion.id === `mz_${ion.mz.toFixed(4)}` ? "" : ion.id;
}

/** Whether an ion matches a search: a number is an m/z within the tolerance, and every text a part of id or formula. */
export function matches(ion, query, tolerancePpm) {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return true;
  const mz = /^(m\/z\s*)?\d+(\.\d*)?$/.test(wanted) ? Number(wanted.replace(/^m\/z\s*/, "")) : NaN;
  if (ion.mz !== null && Math.abs(ion.mz - mz) <= (mz * tolerancePpm) / 1e6) return true;
  return ion.text.includes(wanted);
}

const KEYS = {
  name: (ion) => ion.id.toLowerCase(),
  mz: (ion) => ion.mz,
  formula: (ion) => (ion.formula ? `${ion.formula}${ion.adduct ?? ""}`.toLowerCase() : null),
  probability: (ion) => ion.probability,
  spread: (ion) => ion.spread,
  status: (ion) => ion.status + ion.uncertain,
  total: (ion) => ion.total,
  maximum: (ion) => ion.maximum,
  signal: (ion) => ion.signal_share,
  order: (ion) => ion.index,
  review: (ion) => ion.review,
};

/** Sorted copies: ions without a value come last, equal ones keep their order. */
export function sortIons(ions, key, descending, threshold) {
  const read = key === "doubt" ? (ion) => (ion.probability === null ? null : Math.abs(ion.probability - threshold)) : KEYS[key];
  const sign = descending ? -1 : 1;
  return ions
    .map((ion) => [read(ion), ion])
    .sort(([one, a], [other, b]) => {
      if (one === other) return a.index - b.index;
      if (one === null || one === undefined) return 1;
      if (other === null || other === undefined) return -1;
      return one < other ? -sign : sign;
    })
    .map(([, ion]) => ion);
}
