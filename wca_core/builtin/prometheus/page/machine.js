// The machine as a whole: a card for each of its resources.

import { Sparkline } from "./plot.js";
import { History } from "./history.js";
import { bytes, cpus, element, percent, write } from "./words.js";

const CARDS = [
  { title: "CPU", quantity: "cpus_used", text: (now) => `${cpus(now.cpus_used)} of ${now.cpus ?? "?"} CPUs`, top: (now) => now.cpus },
  { title: "Memory", quantity: "memory_used_bytes", text: (now) => `${bytes(now.memory_used_bytes)} of ${bytes(now.memory_bytes)}`, top: (now) => now.memory_bytes },
  { title: "CPU pressure", quantity: "cpu_pressure", text: (now) => percent(now.cpu_pressure), top: () => 100 },
  { title: "Memory pressure", quantity: "memory_pressure", text: (now) => percent(now.memory_pressure), top: () => 100 },
  { title: "I/O pressure", quantity: "io_pressure", text: (now) => percent(now.io_pressure), top: () => 100 },
];

export class Machine {
  constructor(list) {
    this.history = new History(CARDS.map((card) => card.quantity));
    this.cards = CARDS.map((card) => {
      const value = element("strong");
      const spark = new Sparkline(32);
      const item = element("li", {}, element("span", {}, card.title), value, spark.element);
      list.append(item);
      return { ...card, value, spark, item };
    });
  }

  show(now) {
    this.history.add(now.time, now);
    for (const card of this.cards) {
      card.item.hidden = now[card.quantity] === null && this.history.values[card.quantity].every((one) => one === null);
      write(card.value, card.text(now));
      card.spark.draw(this.history.times, this.history.values[card.quantity], card.top(now));
    }
  }
}
