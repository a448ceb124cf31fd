// One task: its plots and labels, in a dialog that Escape closes.

import { COLUMNS } from "./columns.js";
import { Plot } from "./plot.js";
import { element, write } from "./words.js";

export class Detail {
  constructor(onClose) {
    this.dialog = document.getElementById("detail");
    this.title = document.getElementById("detail-title");
    this.state = document.getElementById("detail-state");
    this.labels = document.getElementById("labels");
    this.plots = COLUMNS.map((column) => ({ column, plot: new Plot(column) }));
    document.getElementById("plots").append(...this.plots.map(({ plot }) => plot.element));
    document.getElementById("detail-close").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", onClose);
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
  }

  /** Shows the task of this id; null: none. */
  show(id, tasks, histories) {
    if (id === null) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    const task = tasks.find((one) => one.task_id === id);
    write(this.state, task ? "" : "This task does not run on this node now.");
    write(this.title, task?.name ?? (this.title.textContent || id));
    if (task) {
      const history = histories.get(id);
      for (const { column, plot } of this.plots) plot.draw(history.times, history.values[column.key]);
      this.showLabels({ task_id: task.task_id, ...task.labels });
    }
    if (!this.dialog.open) this.dialog.showModal();
  }

  showLabels(labels) {
    const text = JSON.stringify(labels);
    if (text === this.shownLabels) return;
    this.shownLabels = text;
    const pairs = Object.entries(labels).map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
    this.labels.replaceChildren(...pairs);
  }
}
