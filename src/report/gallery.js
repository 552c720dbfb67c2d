"use strict";
const byId = (id) => document.getElementById(id);
const tools = document.querySelector(".tools[data-older]");

// What the files beside the page hold, by file. Each calls this when it runs.
const arrived = new Map();
globalThis.gradwatchReports = (data) => arrived.set(data.file, data);

const load = (file) => new Promise((resolve) => {
  const script = document.createElement("script");
  script.onload = script.onerror = () => {
    script.remove();
    resolve(arrived.get(file));
    arrived.delete(file);
  };
  script.src = file + ".js";
  document.head.append(script);
});

// A row as it is searched, filtered, sorted and shown.
const report = (data, [folder, scan, dataset, model, predicted, score, status, warnings, gone, created, unlike]) => {
  const [[datasetName, datasetPage], [modelName, modelPage]] = [data.datasets[dataset], data.models[model]];
  return {
    folder, scan, datasetName, datasetPage, modelName, modelPage, predicted: data.classes[predicted], score, status,
    warnings: warnings.map((at) => data.warnings[at]), gone, created, unlike, row: null,
    text: [scan, datasetName, modelName, data.classes[predicted]].join("\n").toLowerCase(),
  };
};

// All reports, the newest first, and the pages whose reports could not be read.
const AT_ONCE = 8;
const readAll = async () => {
  const newest = await load("newest");
  const older = newest?.older ?? Number(tools.dataset.older);
  const files = Array.from({ length: older }, (_, at) => "older-" + String(older - at).padStart(4, "0"));
  const blocks = [newest];
  for (let at = 0; at < older; at += AT_ONCE) {
    byId("shown").textContent = "Reading the reports: " + Math.floor(100 * at / older) + " %";
    blocks.push(...await Promise.all(files.slice(at, at + AT_ONCE).map(load)));
  }
  const reports = blocks.flatMap((data) => data?.rows.map((row) => report(data, row)) ?? []);
  const missing = ["newest", ...files].filter((_, at) => !blocks[at]);
  const changed = !missing.length && reports.length !== newest.total;
  return { reports, missing, changed, orders: new Map([["", reports]]) };
};

const make = (tag, style, ...content) => {
  const element = document.createElement(tag);
  if (style) element.className = style;
  element.append(...content);
  return element;
};
const linked = (name, page) => {
  const text = make("bdi", "", name);
  if (!page) return text;
  const link = make("a", "", text);
  link.href = page;
  return link;
};
const chip = (style, text, title) => {
  const element = make("span", "chip " + style, text);
  element.title = title;
  return element;
};
const shownScore = (score) => score > 0.999 && score < 1 ? "> 0.999" : score < 0.001 && score > 0 ? "< 0.001"
  : score.toFixed(3);

const picture = (one) => {
  const image = document.createElement("img");
  image.loading = "lazy";
  image.width = image.height = 88;
  image.alt = "Scan with the heat map for " + one.predicted;
  image.src = one.folder + "/thumb.jpg";
  return image;
};
const bar = (score) => {
  const element = document.querySelector("svg.bar").cloneNode(true);
  element.querySelector(".fill").setAttribute("width", (100 * Math.min(Math.max(score, 0), 1)).toFixed(2));
  return element;
};
const marks = (one) => {
  const found = [];
  if (one.gone) {
    found.push(chip("warned", "class removed", "The dataset no longer has the class " + one.predicted
      + ". Explain this scan again with a current model (gradwatch explain)."), " ");
  }
  if (one.unlike) found.push(chip("warned", "unlike training images", ""), " ");
  if (one.status !== "clear") {
    found.push(chip(one.status, byId("status").querySelector(`[value="${one.status}"]`)?.textContent ?? one.status, ""), " ");
  }
  const n = one.warnings.length;
  if (n) found.push(chip("warned", n + (n === 1 ? " warning" : " warnings"), one.warnings.join(" ")));
  return found;
};
const rowOf = (one) => one.row ??= make("li", "",
  picture(one),
  make("div", "",
    make("p", "name", linked(one.scan, one.folder + "/report.html")),
    make("p", "muted small", linked(one.datasetName, one.datasetPage), " · model ", linked(one.modelName, one.modelPage))),
  make("div", "", make("p", "outcome", make("bdi", "", one.predicted), bar(one.score),
    make("span", "number", shownScore(one.score)))),
  make("div", "", make("p", "small muted", one.created), make("p", "", ...marks(one))));

if (tools) {
  const AT_A_TIME = 100;
  const list = document.querySelector(".rows");
  const first = [...list.children];
  const texts = ["search", "class", "dataset", "status", "order"].filter(byId);
  const inWords = new Intl.NumberFormat("en").format;
  const collator = new Intl.Collator(undefined, { numeric: true });
  const compare = { name: (a, b) => collator.compare(a.scan, b.scan), score: (a, b) => b.score - a.score };
  let all = null, page = 1, turn = 0;

  const values = () => Object.fromEntries(texts.map((id) => [id, byId(id).value]));
  const isAsked = () => page > 1 || byId("warned").checked || texts.some((id) => byId(id).value);
  const found = (known) => {
    const asked = values();
    const words = asked.search.toLowerCase().split(/\s+/).filter(Boolean);
    if (!known.orders.has(asked.order)) known.orders.set(asked.order, known.reports.toSorted(compare[asked.order]));
    return known.orders.get(asked.order).filter((one) => words.every((word) => one.text.includes(word))
      && (!asked.class || one.predicted === asked.class) && (!asked.dataset || one.datasetName === asked.dataset)
      && (!asked.status || one.status === asked.status) && (!byId("warned").checked || one.gone || one.warnings.length));
  };
  const tell = ({ missing, changed }) => {
    const links = missing.flatMap((file, at) => [at ? ", " : "",
      linked(...Array(2).fill(file === "newest" ? "index.html" : file + ".html"))]);
    const note = missing.length ? ["Not searched, because their data cannot be read: ", ...links, "."]
      : changed ? ["Reports were added or removed while they were read: load the page again."] : [];
    byId("unread").replaceChildren(...note);
    byId("unread").hidden = !note.length;
  };
  const show = async () => {
    const mine = ++turn, asked = isAsked();
    const known = asked ? await (all ??= readAll()) : null;
    if (mine !== turn) return;
    const reports = known && found(known);
    const pages = reports ? Math.max(1, Math.ceil(reports.length / AT_A_TIME)) : 1;
    page = Math.min(page, pages);
    list.replaceChildren(...reports?.slice((page - 1) * AT_A_TIME, page * AT_A_TIME).map(rowOf) ?? first);
    byId("shown").textContent = reports ? inWords(reports.length) + " of " + inWords(known.reports.length) : "";
    byId("place").textContent = "Page " + inWords(page) + " of " + inWords(pages);
    byId("previous").disabled = page === 1;
    byId("next").disabled = page === pages;
    byId("pager").hidden = pages === 1;
    document.querySelectorAll(".pages").forEach((element) => { element.hidden = asked; });
    if (known) tell(known);
  };

  // What is asked for stands in the address, so that Back leads to it again.
  const address = () => {
    const asked = new URLSearchParams(Object.entries(values()).filter(([, value]) => value));
    if (byId("warned").checked) asked.set("warned", "1");
    if (page > 1) asked.set("page", page);
    return "#" + asked;
  };
  const read = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    texts.forEach((id) => { byId(id).value = asked.get(id) ?? ""; });
    texts.filter((id) => byId(id).selectedIndex === -1).forEach((id) => { byId(id).value = ""; });
    byId("warned").checked = asked.has("warned");
    page = Math.max(1, Math.floor(Number(asked.get("page"))) || 1);
    return show();
  };
  const ask = (event) => {
    page = 1;
    history[event.target.id === "search" ? "replaceState" : "pushState"](null, "", address());
    show();
  };
  const turnTo = (by) => async () => {
    page += by;
    history.pushState(null, "", address());
    await show();
    tools.scrollIntoView();
  };
  [...texts, "warned"].forEach((id) => byId(id).addEventListener("input", ask));
  byId("previous").addEventListener("click", turnTo(-1));
  byId("next").addEventListener("click", turnTo(1));
  addEventListener("popstate", read);
  tools.hidden = false;
  if (location.hash.length > 1) read();
}
