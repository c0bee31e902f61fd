/* Arrow keys, search, filters and sorting of the report's tables, the latter as `ndreport.rendering.html.table` asks for with data attributes.
   Without this script a table is complete; with it, controls stand above it and its column heads are buttons. */
(() => {
  "use strict";

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  /* What a cell shows, without the note on where it comes from and without the link to its row. */
  const shown = (cell) => {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll(".nd-note, .nd-permalink, [aria-hidden]").forEach((part) => part.remove());
    return copy.textContent.trim();
  };

  const compare = new Intl.Collator("en", { numeric: true }).compare;

  /* Numbers first, by their unrounded value, then words, then what is missing; in either direction. */
  const key = (cell) => {
    const number = cell.dataset.n;
    const rank = cell.querySelector(".nd-missing") ? 2 : number === undefined ? 1 : 0;
    return { rank, number: Number(number), text: shown(cell) };
  };
  const inOrder = (a, b, sign) =>
    a.rank - b.rank || sign * (a.rank === 0 ? a.number - b.number : compare(a.text, b.text));

  const addSorting = (table) => {
    const body = table.tBodies[0];
    const original = [...body.rows];
    const heads = [...table.tHead.querySelectorAll('th[scope="col"]')];
    /* the first head is that of the row headers, in whichever of two lines the others stand */
    heads.forEach((head, column) => {
      const button = make("button", { type: "button", className: "nd-sort" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: "" }[head.ariaSort] ?? "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        const rows = [...original];
        if (next) {
          head.ariaSort = next;
          const keys = new Map(rows.map((row) => [row, key(row.cells[column])]));
          const sign = next === "ascending" ? 1 : -1;
          rows.sort((a, b) => inOrder(keys.get(a), keys.get(b), sign));
        }
        body.append(...rows);
      });
    });
  };

  const addFilters = (box, table) => {
    const rows = [...table.tBodies[0].rows].map((row) => ({ row, texts: [...row.cells].map(shown) }));
    rows.forEach((entry) => (entry.words = entry.texts.join(" ").toLowerCase()));
    const parts = (text) => text.split("; ");
    const heads = [...table.tHead.querySelectorAll('th[scope="col"]')];
    const controls = make("div", { className: "nd-controls", role: "search" });
    controls.setAttribute("aria-label", shown(table.caption));
    const add = (label, control) => controls.append(make("label", {}, make("span", { textContent: label }), control));

    const field = "search" in box.dataset ? make("input", { type: "search", autocomplete: "off" }) : null;
    if (field) add("Search in this table", field);
    const selects = (box.dataset.filters ?? "").split(" ").filter(Boolean).map((number) => {
      const column = Number(number);
      const counts = new Map();
      const found = rows.flatMap(({ texts }) => parts(texts[column]));
      found.forEach((value) => counts.set(value, (counts.get(value) ?? 0) + 1));
      const values = [...counts.keys()].sort(compare);
      const options = values.map((value) => new Option(`${value} (${counts.get(value)})`, value));
      const select = make("select", {}, new Option("all", ""), ...options);
      add(shown(heads[column]), select);
      return { column, select };
    });
    const count = make("output", { className: "nd-count" });
    count.setAttribute("aria-live", "polite");
    controls.append(count);

    const update = () => {
      const words = field ? field.value.toLowerCase().split(/\s+/).filter(Boolean) : [];
      let visible = 0;
      rows.forEach((entry) => {
        const fits = words.every((word) => entry.words.includes(word));
        entry.row.hidden = !(fits && selects.every((s) => !s.select.value || parts(entry.texts[s.column]).includes(s.select.value)));
        visible += !entry.row.hidden;
      });
      count.textContent = `${visible} of ${rows.length} rows`;
    };
    controls.addEventListener("input", update);
    /* a link to a row that is filtered away shows every row again */
    window.addEventListener("hashchange", () => {
      const target = document.querySelector(":target"); // the browser copes with any address
      if (!target?.hidden || !box.contains(target)) return;
      controls.querySelectorAll("input, select").forEach((control) => (control.value = ""));
      update();
      target.scrollIntoView();
    });
    update();
    box.prepend(controls);
  };

  /* One stop of the Tab key for all values of a table; arrow keys, Home and End lead from one to the next. */
  const addKeys = (table) => {
    const value = (cell) => cell?.querySelector(".nd-value[href], .nd-value[tabindex]");
    const values = [...table.querySelectorAll("td")].map(value).filter(Boolean);
    values.forEach((element, number) => (element.tabIndex = number ? -1 : 0));
    const go = (from, down, right) => {
      const rows = [...table.tBodies[0].rows].filter((row) => row.matches(":not([hidden], .nd-detail)"));
      let row = rows.indexOf(from.closest("tr"));
      let column = from.closest("td").cellIndex;
      do {
        row += down;
        column += right;
        const found = value(rows[row]?.cells[column]);
        if (found) return found;
      } while (rows[row]?.cells[column]);
      return null;
    };
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    table.addEventListener("keydown", (event) => {
      const from = event.target.closest("td .nd-value");
      if (!from || event.altKey || event.ctrlKey || event.metaKey) return;
      const cells = [...from.closest("tr").cells].map(value).filter(Boolean);
      const to = { Home: cells[0], End: cells.at(-1) }[event.key] ?? (steps[event.key] && go(from, ...steps[event.key]));
      if (!to) return;
      event.preventDefault();
      to.focus();
    });
    table.addEventListener("focusin", (event) => {
      const element = event.target.closest("td .nd-value");
      if (element) values.forEach((other) => (other.tabIndex = other === element ? 0 : -1));
    });
  };

  /* the list of a page's headings gives way to the tables that reach into the margin */
  const shareMargin = () => {
    const headings = document.querySelector(".bd-sidebar-secondary");
    if (!headings) return;
    const shown = new Set();
    const watch = (entries) => {
      entries.forEach((entry) => shown[entry.isIntersecting ? "add" : "delete"](entry.target));
      headings.classList.toggle("hide", shown.size > 0);
    };
    const observer = new IntersectionObserver(watch, { rootMargin: "0px 0px -33% 0px" });
    document.querySelectorAll(".nd-table").forEach((table) => observer.observe(table));
  };

  const start = () => {
    document.querySelectorAll(".nd-table:not([data-keys]) table").forEach((table) => {
      table.closest(".nd-table").dataset.keys = "";
      addKeys(table);
    });
    document.querySelectorAll(".nd-table[data-search], .nd-table[data-filters], .nd-table[data-sort]").forEach((box) => {
      const table = box.querySelector("table");
      if (!table || "ready" in box.dataset) return;
      box.dataset.ready = "";
      if ("search" in box.dataset || box.dataset.filters) addFilters(box, table);
      if ("sort" in box.dataset) addSorting(table);
    });
  };
  const begin = () => (start(), shareMargin());
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
