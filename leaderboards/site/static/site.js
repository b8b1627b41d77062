"use strict";

/* Theme: the system's, unless the reader chose one. */
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

function storedTheme() {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}

function currentTheme() {
  return root.dataset.theme || (dark.matches ? "dark" : "light");
}

if (["dark", "light"].includes(storedTheme())) root.dataset.theme = storedTheme();

function themeToggle(button) {
  const tell = () => {
    const isDark = currentTheme() === "dark";
    button.textContent = isDark ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to ${isDark ? "light" : "dark"} colours`);
  };
  button.hidden = false;
  tell();
  dark.addEventListener("change", tell);
  button.addEventListener("click", () => {
    root.dataset.theme = currentTheme() === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      /* a page from disk may not be allowed to remember */
    }
    tell();
  });
}

/* Sorting: rows of the last body; rows without a value, and stale ones, always come last. */
function keyOf(row, at, isText) {
  const cell = row.cells[at];
  if (!cell) return [2, 0];
  if (isText) return [0, (cell.querySelector("a") || cell).textContent.trim().toLowerCase()];
  const shown = (cell.querySelector("b") || cell).textContent.trim();
  const value = parseFloat(shown.replace(/,/g, "").replace("−", "-").replace(/^[^\d.-]+/, ""));
  if (Number.isNaN(value)) return [2, 0];
  return [cell.classList.contains("stale") ? 1 : 0, value];
}

/* What is done to a table after its rows were put into another order. */
const afterSorting = new WeakMap();

function sortBy(table, at, ascending, isText) {
  const body = table.tBodies[table.tBodies.length - 1];
  const next = body.nextSibling;
  const keyed = Array.from(body.rows, (row, i) => [keyOf(row, at, isText), i, row]);
  const sign = ascending ? 1 : -1;
  keyed.sort(([[groupA, a], i], [[groupB, b], j]) => {
    if (groupA !== groupB) return groupA - groupB;
    if (a === b) return i - j;
    return sign * (a < b ? -1 : 1);
  });
  body.remove();
  body.replaceChildren(...keyed.map(([, , row]) => row));
  if (afterSorting.has(table)) afterSorting.get(table)();
  table.insertBefore(body, next);
}

function sortable(table) {
  const heads = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells);
  heads.forEach((head, at) => {
    const kind = head.dataset.sort;
    const label = head.querySelector(".label");
    if (!kind || !label) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    if (label.querySelector("a")) button.setAttribute("aria-label", `Sort by ${label.textContent}`);
    else button.append(...label.childNodes);
    label.append(button);
    button.addEventListener("click", () => {
      const first = kind === "down" ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = head.getAttribute("aria-sort") === first ? other : first;
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      sortBy(table, at, order === "ascending", kind === "text");
    });
  });
}

/* Filters: a form that names the table it speaks of. Of very many rows the first are shown. */
const FIRST = 200;

function filterable(form) {
  const table = document.getElementById(form.dataset.filters);
  const body = table.tBodies[table.tBodies.length - 1];
  const facts = new Map(
    Array.from(body.rows, (row) => [
      row,
      {
        name: row.cells[0].textContent.toLowerCase(),
        lane: row.dataset.lane || "",
        marks: (row.dataset.marks || "").split(",").filter(Boolean),
        tasks: (row.dataset.tasks || "").split(" ").filter(Boolean),
      },
    ]),
  );
  const said = form.querySelector("output");
  const all = form.elements.all;
  const count = (n) => n.toLocaleString("en");
  let most = FIRST;
  let fits = () => true;

  const show = () => {
    let found = 0;
    for (const row of body.rows) {
      const hide = !fits(facts.get(row)) || (found += 1) > most;
      if (row.hidden !== hide) row.hidden = hide;
    }
    const cut = found > most;
    all.hidden = !cut;
    all.textContent = `Show all ${count(found)}`;
    said.textContent = `${cut ? `first ${count(most)} of ` : ""}${count(found)} of ${count(facts.size)} rows`;
  };
  const apply = () => {
    const off = (name) => new Set(Array.from(form.querySelectorAll(`[name=${name}]:not(:checked)`), (box) => box.value));
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const lane = form.elements.lane ? form.elements.lane.value : "";
    const marks = off("mark");
    const columns = off("task");
    fits = (row) =>
      words.every((word) => row.name.includes(word)) &&
      (!lane || row.lane === lane) &&
      !row.marks.some((mark) => marks.has(mark)) &&
      (!columns.size || row.tasks.some((task) => !columns.has(task)));
    show();
    showColumns(table, columns);
  };
  let waiting = 0;
  form.addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(apply);
  });
  form.addEventListener("reset", () => {
    most = FIRST;
    setTimeout(apply);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  all.addEventListener("click", () => {
    most = Infinity;
    show();
    form.elements.words.focus();
  });
  afterSorting.set(table, show);
  form.hidden = false;
  apply();
}

function showColumns(table, without) {
  const heads = table.tHead.rows[table.tHead.rows.length - 1].cells;
  for (let at = 0; at < heads.length; at += 1) {
    const hide = without.has(heads[at].dataset.task);
    if (heads[at].hidden === hide) continue;
    for (const row of table.rows) if (row.cells[at]) row.cells[at].hidden = hide;
  }
}

/* Scrolling boxes take part in the tab order only while there is something to scroll to, and fade
   where they go on to the right. */
function scrolling(box) {
  const fade = () => {
    const left = box.scrollWidth - box.clientWidth - box.scrollLeft;
    box.classList.toggle("more", left > 8);
  };
  const watch = new ResizeObserver(() => {
    const more = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    if (more) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
    fade();
  });
  watch.observe(box);
  box.addEventListener("scroll", fade, { passive: true });
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("header nav [aria-current]").forEach((link) => {
    const list = link.closest("nav");
    list.scrollLeft = link.offsetLeft - list.offsetLeft - 24;
  });
  document.querySelectorAll("[data-theme-toggle]").forEach(themeToggle);
  document.querySelectorAll("table[data-sortable]").forEach(sortable);
  document.querySelectorAll("form[data-filters]").forEach(filterable);
  document.querySelectorAll(".scroll").forEach(scrolling);
});
