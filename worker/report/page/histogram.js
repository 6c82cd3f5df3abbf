/** How many ion images have which off-sample probability. */

import { svgElement, ticks } from "./svg.js";

const BINS = 40;

/** Draw into an element; `small` leaves out the axes. */
export function drawHistogram(element, ions, threshold, band, small = false) {
  const counts = countBins(ions);
  const [width, height] = small ? [200, 22] : [Math.max(280, element.clientWidth), 210];
  const edge = small ? { left: 0, right: 0, top: 1, bottom: 0 } : { left: 40, right: 10, top: 10, bottom: 40 };
  const x = (value) => edge.left + value * (width - edge.left - edge.right);
  const most = Math.max(1, ...counts);
  const y = (count) => height - edge.bottom - Math.sqrt(count / most) * (height - edge.top - edge.bottom);
  const svg = svgElement("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none" });
  if (!small) describeAxes(svg, { x, y, most, width, height, edge });
  if (band && !small) {
    svg.append(svgElement("rect", { class: "band", x: x(band[0]), y: edge.top, width: x(band[1]) - x(band[0]), height: height - edge.top - edge.bottom }));
  }
  counts.forEach((count, bin) => {
    if (!count) return;
    const side = (bin + 0.5) / BINS >= threshold ? "off" : "on";
    const bar = { class: side, x: x(bin / BINS) + 0.5, y: y(count), width: Math.max(1, x(1 / BINS) - x(0) - 1), height: Math.max(0, height - edge.bottom - y(count)) };
    svg.append(svgElement("rect", bar));
  });
  if (!small) svg.append(svgElement("line", { class: "cut", x1: x(threshold), x2: x(threshold), y1: edge.top, y2: height - edge.bottom }));
  if (!small) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `Histogram of ${counts.reduce((sum, count) => sum + count, 0)} off-sample probabilities`);
  }
  element.replaceChildren(svg);
}

function countBins(ions) {
  const counts = new Array(BINS).fill(0);
  for (const { probability } of ions) {
    if (probability !== null) counts[Math.min(BINS - 1, Math.floor(probability * BINS))] += 1;
  }
  return counts;
}

function describeAxes(svg, { x, y, most, width, height, edge }) {
  const bottom = height - edge.bottom;
  svg.append(svgElement("path", { class: "axis", d: `M${x(0)} ${bottom}H${x(1)}` }));
  for (const value of [0, 0.25, 0.5, 0.75, 1]) {
    svg.append(svgElement("text", { x: x(value), y: bottom + 16, "text-anchor": "middle" }, String(value)));
  }
  const counts = [...new Set([1, ...ticks(0, most, 2).map(Math.round), most])].filter((count) => count > 0);
  let above = Infinity;
  for (const count of counts.sort((one, other) => one - other)) {
    if (above - y(count) < 14) continue;
    above = y(count);
    svg.append(svgElement("text", { x: edge.left - 8, y: above + 4, "text-anchor": "end" }, String(count)));
  }
  svg.append(svgElement("text", { x: width / 2, y: height - 4, "text-anchor": "middle" }, "P(off), number of ion images on a square-root scale"));
}
