"use strict";

/* Any two rows of a place: differences as a forest plot, Holm over what is shown, state in the URL. */
(() => {
  const form = document.querySelector("form[data-compare]");
  const data = JSON.parse(document.getElementById("pairs").textContent);
  const box = document.getElementById("compared");
  const body = box.querySelector("tbody");
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 260;
  const HEIGHT = 28;
  const EDGE = 8;
  const root = form.elements.place.value.replace(/compare\/[^/]*$/, "");

  const number = (value) => {
    const size = Math.abs(value);
    if (size < 1e-6) return "0.000";
    if (size < 0.0005) return value.toExponential(0);
    return value.toLocaleString("en", {
      minimumFractionDigits: size < 10 ? 3 : size < 100 ? 2 : 1,
      maximumFractionDigits: size < 10 ? 3 : size < 100 ? 2 : 1,
    });
  };
  const minus = (text) => text.replace(/^-/, "−");
  const signed = (value) => (value > 0 && number(value) !== "0.000" ? "+" : "") + minus(number(value));

  /* Pairs are kept once, i < j, row by row. */
  function pairOf(column, i, j) {
    const [first, second] = i < j ? [i, j] : [j, i];
    const n = data.rows.length;
    const at = 5 * (first * n - (first * (first + 1)) / 2 + second - first - 1);
    const [value, low, high, p, over] = column.pairs.slice(at, at + 5);
    if (over < 0) return null;
    const what = column.over[over];
    if (typeof what === "string") return { refused: data.reasons[what] };
    const sign = i < j ? 1 : -1;
    const ends = [low, high].map((end) => (sign * end) / column.scale).sort((x, y) => x - y);
    return {
      value: (sign * value) / column.scale,
      low: ends[0],
      high: ends[1],
      p: p / data.steps,
      n: what[0],
      seeds: what[1],
    };
  }

  /* Holm's step-down over the pairs that have a p; sets `holm` on each. */
  function adjust(found) {
    const tested = found.filter((each) => each.pair && !each.pair.refused);
    let most = 0;
    [...tested]
      .sort((x, y) => x.pair.p - y.pair.p)
      .forEach((each, i) => {
        most = Math.max(most, each.pair.p * (tested.length - i));
        each.pair.holm = Math.min(1, most);
      });
    return tested.length;
  }

  function judged({ column, pair }, a, b) {
    if (!pair) return ["none", "not paired"];
    if (pair.refused) return ["none", pair.refused];
    if (pair.value === 0 && pair.low === 0 && pair.high === 0) return ["same", "the same on every unit"];
    if (pair.holm > data.level) return ["near", "not told apart"];
    if (column.up === null) return ["near", `${pair.value > 0 ? a : b} has more; neither is better`];
    return pair.value > 0 === column.up ? ["a", `${a} is better`] : ["b", `${b} is better`];
  }

  function element(name, attributes = {}, text = "") {
    const made = document.createElementNS(name === "svg" || name === "path" || name === "rect" || name === "text" ? SVG : "http://www.w3.org/1999/xhtml", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  }

  /* A step of 1, 2 or 5 that holds most intervals; those that reach further end at the edge. */
  function reach(found) {
    const ends = found
      .filter((each) => each.pair && !each.pair.refused)
      .map(({ pair }) => [Math.abs(pair.value), Math.max(Math.abs(pair.low), Math.abs(pair.high))]);
    if (!ends.length) return 1;
    const values = Math.max(...ends.map(([value]) => value), 1e-6);
    const most = Math.max(values * 1.15, Math.min(Math.max(...ends.map(([, end]) => end)), values * 1.6));
    const power = 10 ** Math.floor(Math.log10(most));
    return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= most) * power;
  }

  function plot({ column, pair }, most, kind) {
    const svg = element("svg", { class: `plot ${kind}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, "aria-hidden": "true" });
    const x = (value) => EDGE + ((Math.max(-most, Math.min(most, value)) + most) / (2 * most)) * (WIDTH - 2 * EDGE);
    svg.append(element("path", { class: "zero", d: `M${x(0)} 0V${HEIGHT}` }));
    if (!pair || pair.refused) return svg;
    const flip = column.up === false ? -1 : 1;
    const [low, high] = [flip * pair.low, flip * pair.high].sort((p, q) => p - q);
    const y = HEIGHT / 2;
    svg.append(element("path", { class: "l", d: `M${x(low)} ${y}H${x(high)}` }));
    if (low < -most) svg.append(element("path", { class: "on", d: `M${EDGE} ${y - 4}l-5 4l5 4` }));
    if (high > most) svg.append(element("path", { class: "on", d: `M${WIDTH - EDGE} ${y - 4}l5 4l-5 4` }));
    svg.append(element("rect", { x: x(flip * pair.value) - 3, y: y - 5, width: 6, height: 10 }));
    return svg;
  }

  function axis(most) {
    const svg = element("svg", { class: "ticks", viewBox: `0 0 ${WIDTH} 18`, width: WIDTH, height: 18, "aria-hidden": "true" });
    for (const share of [-1, -0.5, 0, 0.5, 1]) {
      const x = EDGE + ((share + 1) / 2) * (WIDTH - 2 * EDGE);
      svg.append(element("path", { d: `M${x} 14V18` }));
      const anchor = share === -1 ? "start" : share === 1 ? "end" : "middle";
      svg.append(element("text", { x: anchor === "start" ? 0 : anchor === "end" ? WIDTH : x, y: 10, "text-anchor": anchor }, share ? `${share < 0 ? "B " : "A "}${+(Math.abs(share) * most).toPrecision(2)}` : "0"));
    }
    return svg;
  }

  function valueCell(column, at) {
    const cell = element("td");
    const value = column.values[at];
    if (value === null) {
      cell.className = "none";
      cell.textContent = "–";
      return cell;
    }
    cell.append(element("b", {}, minus(number(value))));
    const tier = column.tiers[at];
    if (tier) {
      const badge = element("i", { class: `tier t${Math.min(tier, 3)}` });
      badge.append(element("span", {}, "tier "), document.createTextNode(tier));
      cell.append(" ", badge);
    }
    return cell;
  }

  function line(each, a, b, most) {
    const { column, pair } = each;
    const [kind, words] = each.judged;
    const row = element("tr", { class: kind, role: "row" });
    const head = element("th", { scope: "row", role: "rowheader" });
    head.append(element("a", { href: root + column.path }, column.task));
    head.append(element("small", {}, column.metric));
    const drawn = element("td", { class: "axis" });
    drawn.append(plot(each, most, kind));
    const size = element("td", { class: "size" });
    const p = element("td", { class: "p" });
    if (pair && !pair.refused) {
      size.append(element("b", {}, signed(pair.value)));
      size.append(element("small", {}, `${minus(number(pair.low))} to ${minus(number(pair.high))}`));
      p.textContent = pair.holm < 0.001 ? "<0.001" : pair.holm.toFixed(3);
    }
    const verdict = element("td", { class: "verdict" }, words);
    const doubts = [];
    if (column.doubt) doubts.push("metric failed its audit");
    if (pair && !pair.refused && pair.seeds.length === 1) doubts.push("one seed: items alone");
    if (doubts.length) verdict.append(element("small", {}, doubts.join("; ")));
    const cells = [valueCell(column, a), valueCell(column, b), drawn, size, p, verdict];
    cells[0].classList.add("of-a");
    cells[1].classList.add("of-b");
    for (const cell of cells) cell.setAttribute("role", "cell");
    row.append(head, ...cells);
    return row;
  }

  function show(remember) {
    const a = Number(form.elements.a.value);
    const b = Number(form.elements.b.value);
    const names = [data.rows[a].name, data.rows[b].name];
    const found = data.columns
      .filter((column) => column.values[a] !== null || column.values[b] !== null)
      .map((column) => ({ column, pair: a === b ? null : pairOf(column, a, b) }));
    const family = adjust(found);
    const most = reach(found);
    for (const each of found) each.judged = judged(each, ...names);
    body.replaceChildren(...found.map((each) => line(each, a, b, most)));
    box.querySelector(".head-a").replaceChildren(element("span", {}, names[0]), element("small", {}, "A"));
    box.querySelector(".head-b").replaceChildren(element("span", {}, names[1]), element("small", {}, "B"));
    box.querySelector("th.axis").replaceChildren(element("span", { class: "unseen" }, "difference and interval"), axis(most));
    box.querySelector(".said").textContent = summary(found, a === b, ...names);
    box.querySelector(".family").textContent = `p is adjusted by Holm over one family: the ${family} main metrics on which these two are compared here.`;
    box.querySelector(".again").textContent = `python -m benchmark compare ${names.map((name) => name.split(" ")[0]).join(" ")}`;
    if (remember) history.replaceState(null, "", `#a=${encodeURIComponent(names[0])}&b=${encodeURIComponent(names[1])}`);
  }

  function summary(found, same, a, b) {
    if (same) return "A method is not told apart from itself: choose two.";
    const count = (kind) => found.filter((each) => each.judged[0] === kind).length;
    const paired = found.filter((each) => each.pair && !each.pair.refused);
    if (!paired.length) return `${a} and ${b} are compared on no question here.`;
    const open = count("near") + count("same");
    const seeds = [...new Set(paired.map(({ pair }) => pair.seeds.length))].sort((x, y) => x - y);
    const over = `${seeds.join(" to ")} seed${seeds.at(-1) > 1 ? "s" : ""}`;
    return `Of ${paired.length} question${paired.length > 1 ? "s" : ""}, paired over ${over}: ${a} is better on ${count("a")}, ${b} on ${count("b")}, ${open} not told apart.`;
  }

  function fromHash() {
    const asked = new URLSearchParams(location.hash.slice(1));
    for (const name of ["a", "b"]) {
      const at = data.rows.findIndex((row) => row.name === asked.get(name));
      if (at >= 0) form.elements[name].value = String(at);
    }
    show(false);
  }

  form.addEventListener("change", (event) => {
    if (event.target.name === "place") location.href = form.elements.place.value + location.hash;
    else show(true);
  });
  form.elements.swap.addEventListener("click", () => {
    const a = form.elements.a.value;
    form.elements.a.value = form.elements.b.value;
    form.elements.b.value = a;
    show(true);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", fromHash);
  document.getElementById("plain").hidden = true;
  form.hidden = false;
  box.hidden = false;
  fromHash();
})();
