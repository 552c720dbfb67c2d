"use strict";
const byId = (id) => document.getElementById(id);
const list = document.querySelector(".rows");
if (list) {
  const rows = [...list.children].map((row) => ({
    row, text: row.textContent.toLowerCase(), name: row.querySelector(".name").textContent,
    score: Number(row.dataset.score),
  }));
  const orders = {
    newest: () => rows,
    name: () => rows.toSorted((a, b) => a.name.localeCompare(b.name)),
    score: () => rows.toSorted((a, b) => b.score - a.score),
  };
  const filter = () => {
    const words = byId("search").value.toLowerCase().split(/\s+/);
    const chosen = byId("class").value;
    let shown = 0;
    for (const { row, text } of rows) {
      row.hidden = !words.every((word) => text.includes(word)) || (chosen && row.dataset.class !== chosen)
        || (byId("warned").checked && !("warned" in row.dataset));
      shown += !row.hidden;
    }
    byId("shown").textContent = shown === rows.length ? "" : shown + " of " + rows.length;
  };
  byId("order").addEventListener("change", () => list.append(...orders[byId("order").value]().map(({ row }) => row)));
  ["search", "class", "warned"].forEach((id) => byId(id).addEventListener("input", filter));
  document.querySelector(".tools").hidden = false;
}
