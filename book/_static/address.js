/* What a reader filters, searches and sorts in a table stands in the address of the page, as `?TABLE.column=value`: it can
   be linked to, and comes back with a reload. The controls are those of table.js. */
(() => {
  "use strict";

  /* The choices of one table by their names: labels of its controls, and the column that sorts it ("-2": downwards). */
  const controls = (box) => [...box.querySelectorAll(".nd-controls :is(input, select)")];
  const label = (control) => control.closest("label").firstChild.textContent;
  const heads = (box) => [...box.querySelectorAll("th:has(> .nd-sort)")];
  const order = (box) => {
    const column = heads(box).findIndex((head) => head.ariaSort) + 1;
    return column ? `${heads(box)[column - 1].ariaSort === "descending" ? "-" : ""}${column}` : "";
  };
  const choices = (box) => [...controls(box).map((control) => [label(control), control.value]), ["sort", order(box)]];

  const write = (box) => {
    const url = new URL(location);
    choices(box).forEach(([name, value]) => {
      const key = `${box.id}.${name}`;
      if (value) url.searchParams.set(key, value);
      else url.searchParams.delete(key);
    });
    try {
      if (url.href !== location.href) history.replaceState(history.state, "", url);
    } catch {
      /* some browsers refuse it for a file, or many times a second: the table is right all the same */
    }
  };

  const read = (box, wanted) => {
    const chosen = controls(box).filter((control) => wanted.has(`${box.id}.${label(control)}`));
    chosen.forEach((control) => {
      control.value = wanted.get(`${box.id}.${label(control)}`);
      if (control.selectedIndex < 0) control.value = ""; // no such option
      control.dispatchEvent(new Event("input", { bubbles: true }));
    });
    const by = Number(wanted.get(`${box.id}.sort`));
    const button = heads(box)[Math.abs(by) - 1]?.querySelector(".nd-sort");
    button?.click();
    if (by < 0) button?.click();
    if (wanted.size) write(box);
  };

  const start = () => {
    const wanted = new URL(location).searchParams;
    document.querySelectorAll(".nd-table[data-ready]:not([data-address])").forEach((box) => {
      box.dataset.address = "";
      read(box, wanted);
      const later = () => write(box);
      box.addEventListener("input", later);
      box.addEventListener("click", (event) => event.target.closest(".nd-sort") && later());
      addEventListener("hashchange", later); // a link to a row may have emptied the controls
    });
    /* a row that is filtered away, and that the address names, is shown */
    if (wanted.size && location.hash) dispatchEvent(new Event("hashchange"));
  };
  /* after table.js, which waits for the same event */
  if (document.readyState === "complete") start();
  else addEventListener("load", start);
})();
