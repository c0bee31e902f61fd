/* Where a value of a table comes from opens below its row: by a click, a tap, Enter or Space. Once more, or Escape, closes
   it. And commands get a button that copies them. Without this script a value leads to its source at once. */
(() => {
  "use strict";

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  /* Where a browser does not let it copy, the command is selected. */
  const addCopy = (code) => {
    const button = make("button", { type: "button", className: "nd-copy", textContent: "Copy" });
    button.addEventListener("click", () => {
      const select = () => getSelection().selectAllChildren(code);
      const copied = navigator.clipboard?.writeText(code.textContent) ?? Promise.reject();
      copied.then(() => (button.textContent = "Copied"), select);
    });
    code.after(" ", button);
  };

  const addSources = (box) => {
    const table = box.querySelector("table");
    let open = null;
    const close = () => {
      table.querySelector(".nd-detail")?.remove();
      open?.setAttribute("aria-expanded", "false");
      open = null;
    };
    const show = (value) => {
      const again = value === open;
      close();
      if (again) return;
      open = value;
      value.setAttribute("aria-expanded", "true");
      const copy = value.cloneNode(true);
      const note = copy.querySelector(".nd-note");
      note.remove();
      const text = make("strong", { textContent: copy.textContent.trim() });
      const source = make("div", { className: "nd-source" }, text, ": ", ...note.childNodes);
      source.querySelectorAll("code").forEach(addCopy);
      if (value.href) source.append(" ", make("a", { href: value.href, textContent: "Open the source" }));
      const row = value.closest("tr");
      row.after(make("tr", { className: "nd-detail" }, make("td", { colSpan: row.cells.length }, source)));
    };
    table.querySelectorAll("td .nd-value:has(.nd-note)").forEach((value) => {
      value.role = "button";
      value.setAttribute("aria-expanded", "false");
    });
    const choose = (event) => {
      const value = event.target.closest("td .nd-value[aria-expanded]");
      if (!value || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(value);
    };
    table.addEventListener("click", choose);
    table.addEventListener("keydown", (event) => {
      if ([" ", "Enter"].includes(event.key)) choose(event);
      if (event.key !== "Escape" || !open) return;
      open.focus();
      close();
    });
    /* rows that are sorted or filtered would leave it behind */
    box.addEventListener("click", (event) => event.target.closest(".nd-sort") && close(), { capture: true });
    box.addEventListener("input", close);
  };

  const start = () => {
    document.querySelectorAll(".nd-table:not([data-sources])").forEach((box) => {
      box.dataset.sources = "";
      addSources(box);
    });
    document.querySelectorAll(".nd-command:not(:has(~ .nd-copy))").forEach(addCopy);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
