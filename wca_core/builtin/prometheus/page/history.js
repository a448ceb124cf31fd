// What was seen in the last minutes, kept by this page: the agent keeps no past.

const SPANS = [60, 120, 300];
const LONGEST = SPANS.at(-1);
const MOST = 400;

/** The seconds that plots show: more and more of the past, as it is known. */
export function spanOf(times) {
  const known = times.length ? times.at(-1) - times[0] : 0;
  return SPANS.find((span) => span >= known) ?? LONGEST;
}

/** Values over time of one subject: `quantities` by name, oldest first, null where nothing was measured. */
export class History {
  constructor(quantities) {
    this.times = [];
    this.values = Object.fromEntries(quantities.map((name) => [name, []]));
  }

  add(time, found) {
    const tooOld = this.times.findIndex((one) => one > time - LONGEST);
    const dropped = Math.max(tooOld < 0 ? this.times.length : tooOld, this.times.length + 1 - MOST);
    this.times.splice(0, dropped);
    this.times.push(time);
    for (const [name, values] of Object.entries(this.values)) {
      values.splice(0, dropped);
      values.push(found[name] ?? null);
    }
  }
}

/** The histories of all subjects there are now; who is gone is forgotten. */
export class Histories {
  constructor(quantities) {
    this.quantities = quantities;
    this.byId = new Map();
  }

  add(time, subjects) {
    const kept = new Map();
    for (const [id, found] of subjects) {
      const history = this.byId.get(id) ?? new History(this.quantities);
      history.add(time, found);
      kept.set(id, history);
    }
    this.byId = kept;
  }
}
