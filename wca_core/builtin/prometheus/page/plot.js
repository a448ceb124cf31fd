// Lines over the last minutes, as SVG whose colours come from the style sheet.

import { spanOf } from "./history.js";
import { element, write } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300;
const BREAK = 15;

/** A line without axes, for a cell or a card; what it shows stands beside it as text. */
export class Sparkline {
  constructor(height = 24) {
    this.height = height;
    this.element = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: "none", class: "spark", "aria-hidden": "true" });
    this.area = svg("path", { class: "area" });
    this.line = svg("path", { class: "curve", "vector-effect": "non-scaling-stroke" });
    this.element.append(this.area, this.line);
  }

  /** `top`: the value at the upper edge; `span`: the seconds from the left edge to the right. */
  draw(times, values, top, span = spanOf(times)) {
    const { line, area } = curve(times, values, { top, span, height: this.height, margin: 1 });
    set(this.line, "d", line);
    set(this.area, "d", area);
  }
}

/** A plot with its title, newest value and scale. */
export class Plot {
  constructor({ title, format, top = 0, base = 10 }) {
    Object.assign(this, { format, top, base });
    this.spark = new Sparkline(80);
    this.value = element("output");
    this.upper = element("span");
    this.left = element("span");
    this.element = element(
      "figure",
      {},
      element("h3", {}, `${title} `, this.value),
      element("div", { class: "drawing" }, this.spark.element, element("div", { class: "scale" }, this.upper, element("span", {}, "0"))),
      element("p", { class: "axis" }, this.left, element("span", {}, "now")),
    );
  }

  draw(times, values) {
    const span = spanOf(times);
    const top = rounded(Math.max(highest(values), this.top), this.base);
    this.element.hidden = values.every((value) => value === null);
    write(this.value, this.format(values.at(-1) ?? null));
    write(this.upper, this.format(top));
    write(this.left, `${span / 60} min ago`);
    this.spark.draw(times, values, top, span);
  }
}

/** The paths of a line and of the area below it; a pause or a missing value breaks both. */
function curve(times, values, { top, span, height, margin }) {
  const end = times.at(-1) ?? 0;
  const scale = (height - 2 * margin) / (top || 1);
  let line = "";
  let area = "";
  let run = [];
  const finish = () => {
    if (run.length === 0) return;
    if (run.length === 1) run.push([run[0][0] + 1, run[0][1]]);
    const points = run.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L");
    line += `M${points}`;
    area += `M${run[0][0].toFixed(1)},${height}L${points}L${run.at(-1)[0].toFixed(1)},${height}Z`;
    run = [];
  };
  times.forEach((time, at) => {
    const value = values[at];
    if (value === null || (at > 0 && time - times[at - 1] > BREAK)) finish();
    if (value === null) return;
    const x = WIDTH - ((end - time) * WIDTH) / span;
    run.push([x, height - margin - Math.max(0, value) * scale]);
  });
  finish();
  return { line, area };
}

export function highest(values) {
  return values.reduce((most, value) => (value !== null && value > most ? value : most), 0);
}

/** A round number at or above this one; `base` 1024 for bytes. */
function rounded(value, base) {
  if (value <= 0) return 1;
  const steps = base === 10 ? [1, 2, 5, 10] : [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
  const power = base ** Math.floor(Math.log(value) / Math.log(base));
  return steps.map((step) => step * power).find((step) => step >= value) ?? value;
}

function svg(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function set(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}
