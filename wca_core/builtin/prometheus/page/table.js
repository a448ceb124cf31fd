// The table of tasks: rows are kept and only what changed in them is written.

import { COLUMNS } from "./columns.js";
import { Sparkline, highest } from "./plot.js";
import { element, write } from "./words.js";

const FIRST_ROWS = 200;

export class Table {
  /** `choose` is called with the sort order or the task that was asked for. */
  constructor(table, { onSort, onOpen, more, nothing, count }) {
    Object.assign(this, { onOpen, more, nothing, count });
    this.body = table.tBodies[0];
    this.rows = new Map();
    this.most = FIRST_ROWS;
    this.headers = [{ key: "name", title: "Task", hint: "" }, ...COLUMNS].map((column) => {
      const button = element("button", { type: "button", title: column.hint }, column.title);
      const header = element("th", { scope: "col", class: className(column) }, button);
      button.addEventListener("click", () => onSort(column.key));
      table.tHead.rows[0].append(header);
      return { column, header };
    });
    more.addEventListener("click", () => {
      this.most = Infinity;
      this.show(this.last.tasks, this.last.histories, this.last.view);
    });
  }

  /** `view`: `filter`, the `sort` key and whether it is `descending`. */
  show(tasks, histories, view) {
    this.last = { tasks, histories, view };
    const found = sorted(tasks.filter((task) => matches(task, view.filter)), view);
    const shown = found.slice(0, this.most);
    this.showHeaders(tasks, view);
    const tops = topsOf(shown, histories);
    this.place(shown.map((task) => this.row(task, histories.get(task.task_id), tops)));
    write(this.count, tasks.length === found.length ? `${tasks.length}` : `${found.length} of ${tasks.length}`);
    this.more.hidden = shown.length === found.length;
    write(this.more, `Show all ${found.length}`);
    this.nothing.hidden = found.length > 0;
    write(this.nothing, tasks.length ? "No task matches the filter." : "No task runs on this node, or none is discovered.");
  }

  showHeaders(tasks, view) {
    for (const { column, header } of this.headers) {
      const isSorted = column.key === view.sort;
      header.setAttribute("aria-sort", isSorted ? (view.descending ? "descending" : "ascending") : "none");
      column.isMissing = column.key !== "name" && tasks.every((task) => task[column.key] === null);
      header.hidden = column.isMissing;
    }
  }

  row(task, history, tops) {
    const row = this.rows.get(task.task_id) ?? this.made(task);
    write(row.name, task.name);
    for (const { column, cell, value, spark } of row.cells) {
      cell.hidden = column.isMissing;
      write(value, column.format(task[column.key]));
      cell.classList.toggle("high", column.high !== undefined && task[column.key] >= column.high);
      spark?.draw(history.times, history.values[column.key], tops[column.key]);
    }
    return row;
  }

  made(task) {
    const name = element("button", { type: "button", title: task.task_id }, task.name);
    name.addEventListener("click", () => this.onOpen(task.task_id));
    const line = element("tr", {}, element("th", { scope: "row" }, name));
    const cells = COLUMNS.map((column) => {
      const value = element("span");
      const spark = column.spark ? new Sparkline() : null;
      const cell = element("td", { class: className(column) }, ...(spark ? [spark.element] : []), value);
      line.append(cell);
      return { column, cell, value, spark };
    });
    const row = { line, name, cells };
    this.rows.set(task.task_id, row);
    return row;
  }

  /** Puts the rows in order; a row that has the focus keeps it. */
  place(rows) {
    const focused = document.activeElement;
    const wanted = new Set(rows);
    for (const [id, row] of this.rows) {
      if (!wanted.has(row)) {
        row.line.remove();
        this.rows.delete(id);
      }
    }
    rows.forEach((row, at) => {
      if (this.body.rows[at] !== row.line) this.body.insertBefore(row.line, this.body.rows[at] ?? null);
    });
    if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
  }
}

/** The upper edge of all lines of a column, so that they can be compared. */
function topsOf(tasks, histories) {
  const highestOf = (key) => tasks.reduce((most, task) => Math.max(most, highest(histories.get(task.task_id).values[key])), 0);
  return Object.fromEntries(COLUMNS.filter((column) => column.spark).map(({ key }) => [key, highestOf(key)]));
}

function className(column) {
  return [column.key, column.minor ? "minor" : "", column.key === "name" ? "" : "number"].join(" ").trim();
}

function matches(task, filter) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const labels = Object.entries(task.labels).map(([name, value]) => `${name}=${value}`);
  const text = [task.name, task.task_id, ...labels].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Missing values stand last, whichever way; equal ones by name. */
function sorted(tasks, { sort, descending }) {
  const sign = descending ? -1 : 1;
  const byName = (one, other) => one.name.localeCompare(other.name, undefined, { numeric: true });
  const compare = (one, other) => {
    const [left, right] = [one[sort] ?? null, other[sort] ?? null];
    if (left === null || right === null) return (left === null) - (right === null);
    return sign * (left - right);
  };
  if (sort === "name") return tasks.sort((one, other) => sign * byName(one, other));
  return tasks.sort((one, other) => compare(one, other) || byName(one, other));
}
