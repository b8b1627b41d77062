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
  const rows = document.createDocumentFragment();
  for (const [, , row] of keyed) rows.append(row);
  body.append(rows);
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

/* Filters: a form that names the table it speaks of. */
function filterable(form) {
  const table = document.getElementById(form.dataset.filters);
  const rows = Array.from(table.tBodies[table.tBodies.length - 1].rows, (row) => ({
    row,
    name: row.cells[0].textContent.toLowerCase(),
    lane: row.dataset.lane || "",
    marks: (row.dataset.marks || "").split(",").filter(Boolean),
    tasks: new Set((row.dataset.tasks || "").split(" ").filter(Boolean)),
  }));
  const said = form.querySelector("output");
  const apply = () => {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const lane = form.elements.lane ? form.elements.lane.value : "";
    const off = (name) => Array.from(form.querySelectorAll(`[name=${name}]`)).filter((b) => !b.checked);
    const without = new Set(off("mark").map((box) => box.value));
    const columns = new Set(off("task").map((box) => box.value));
    const boxes = form.querySelectorAll("[name=task]").length;
    let shown = 0;
    for (const each of rows) {
      const kept =
        words.every((word) => each.name.includes(word)) &&
        (!lane || each.lane === lane) &&
        !each.marks.some((mark) => without.has(mark)) &&
        (!boxes || !columns.size || [...each.tasks].some((task) => !columns.has(task)));
      if (each.row.hidden === kept) each.row.hidden = !kept;
      shown += kept;
    }
    said.textContent = `${shown} of ${rows.length} rows`;
    showColumns(table, columns);
  };
  let waiting = 0;
  form.addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(apply);
  });
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
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

/* Scrolling boxes take part in the tab order only while there is something to scroll to. */
function scrolling(box) {
  const watch = new ResizeObserver(() => {
    const more = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    if (more) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
  watch.observe(box);
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-theme-toggle]").forEach(themeToggle);
  document.querySelectorAll("table[data-sortable]").forEach(sortable);
  document.querySelectorAll("form[data-filters]").forEach(filterable);
  document.querySelectorAll(".scroll").forEach(scrolling);
});
