"use strict";
const byId = (id) => document.getElementById(id);
const { classes, colours } = JSON.parse(byId("maps").textContent);
const scan = byId("scan");
let ratio = 1;
const state = { class: 0, opacity: 0.7, alone: 0, contour: false, zoom: 1, x: 0, y: 0 };

// Colours: 256 steps between the stops, the blue and red of signed maps apart.
const between = (stops, at) => {
  const place = at * (stops.length - 1), low = Math.min(Math.floor(place), stops.length - 2), share = place - low;
  return [16, 8, 0].map((bits) => {
    const [a, b] = [stops[low] >> bits & 255, stops[low + 1] >> bits & 255];
    return Math.round(a + (b - a) * share);
  });
};
const tableOf = (stops) => Array.from({ length: 256 }, (_, step) => between(stops, step / 255));
const tables = Object.fromEntries(Object.entries(colours).map(([name, stops]) => [name, tableOf(stops)]));
const signedTable = tableOf([0x2166ac, 0x67a9cf, 0xf7f7f7, 0xef8a62, 0xb2182b]);

// A map as it is shown: values from 0 to 1, or from -1 to 1 where it is signed.
const shownMap = (method) => {
  const signed = method === "signed";
  const map = classes[state.class].maps[signed ? "HiResCAM" : method];
  if (!map) return null;
  const size = (value) => signed ? Math.abs(value) : Math.max(0, value);
  const peak = Math.max(...map.values.map(size));
  const scaled = map.values.map((value) => peak > 0 ? (signed ? value : size(value)) / peak : 0);
  return { side: map.side, values: scaled, signed, empty: !(peak > 0), table: signed ? signedTable : tables[byId("colours").value] };
};
const colourOf = (map, value) => map.table[Math.round((map.signed ? (value + 1) / 2 : value) * 255)];

// Linear between the centres of the cells, constant beyond them.
const places = (side, n) => Array.from({ length: n }, (_, i) => {
  const at = Math.min(Math.max((i + 0.5) * side / n - 0.5, 0), side - 1), low = Math.floor(at);
  return [low, Math.min(low + 1, side - 1), at - low];
});
const enlarged = ({ side, values }, width, height) => {
  const columns = places(side, width), out = new Float32Array(width * height);
  places(side, height).forEach(([above, below, down], y) => {
    const line = Array.from({ length: side }, (_, c) => values[above * side + c] * (1 - down) + values[below * side + c] * down);
    columns.forEach(([left, right, across], x) => { out[y * width + x] = line[left] * (1 - across) + line[right] * across; });
  });
  return out;
};

// Only what is hot covers the scan.
const heatOf = (map) => {
  const longer = 448, width = Math.max(1, Math.round(longer * Math.min(1, ratio))), height = Math.max(1, Math.round(longer * Math.min(1, 1 / ratio)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const image = new ImageData(width, height);
  enlarged(map, width, height).forEach((value, at) => image.data.set([...colourOf(map, value), Math.round(Math.abs(value) * 255)], 4 * at));
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
};

// Where the map passes one half, in a square of side 1: a line through each square of four neighbouring points.
const contourOf = (map) => {
  const n = 112, values = enlarged(map, n, n), path = new Path2D(), level = 0.5;
  const value = (x, y) => x < 0 || y < 0 || x >= n || y >= n ? -1 : values[y * n + x];
  const place = (at) => Math.min(Math.max((at + 0.5) / n, 0), 1);
  for (let y = -1; y < n; y++) for (let x = -1; x < n; x++) {
    const corners = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1]];
    const crossings = corners.flatMap(([ax, ay], side) => {
      const [bx, by] = corners[(side + 1) % 4], a = value(ax, ay), b = value(bx, by);
      if (a >= level === b >= level) return [];
      const share = (level - a) / (b - a);
      return [[place(ax + (bx - ax) * share), place(ay + (by - ay) * share)]];
    });
    for (let pair = 0; pair < crossings.length; pair += 2) {
      path.moveTo(...crossings[pair]);
      path.lineTo(...crossings[pair + 1]);
    }
  }
  return path;
};

const views = [...document.querySelectorAll(".view")].map((figure) => ({
  part: (selector) => figure.querySelector(selector),
  pane: figure.querySelector(".pane"), canvas: figure.querySelector(".painted"), select: figure.querySelector(".method"),
}));

const paint = ({ canvas, map, heat, contour }) => {
  const context = canvas.getContext("2d"), { width, height } = canvas, { zoom, x, y } = state;
  const whole = [width * zoom, 0, 0, height * zoom, -x * width * zoom, -y * height * zoom];
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(...whole);
  context.drawImage(scan, 0, 0, 1, 1);
  if (!map) return;
  const edge = state.alone * width;
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.beginPath();
  context.rect(edge, 0, width - edge, height);
  context.clip();
  context.setTransform(...whole);
  context.globalAlpha = state.opacity;
  context.drawImage(heat, 0, 0, 1, 1);
  context.globalAlpha = 1;
  context.setTransform(1, 0, 0, 1, 0, 0);
  if (state.contour && !map.empty) {
    const line = new Path2D();
    line.addPath(contour, new DOMMatrix(whole));
    for (const [style, thickness] of [["#000", 4], ["#fff", 2]]) {
      Object.assign(context, { strokeStyle: style, lineWidth: thickness * devicePixelRatio });
      context.stroke(line);
    }
  }
  context.restore();
  context.setTransform(1, 0, 0, 1, 0, 0);
  if (edge > 0 && edge < width) {
    context.fillStyle = "#fff";
    context.fillRect(edge - devicePixelRatio, 0, 2 * devicePixelRatio, height);
  }
};
const paintAll = () => views.forEach(paint);

const describe = (view) => {
  const { map, select } = view, { name, rival } = classes[state.class], contrast = select.value === "contrast";
  const method = select.selectedOptions[0].textContent, against = contrast && rival ? ` and not ${rival}` : "";
  view.canvas.setAttribute("aria-label", map ? `The scan with the heat map (${method}) for ${name}${against} over it` : "The scan");
  view.part(".cells").textContent = !map ? "There is no other class." : map.empty ? `No region speaks for ${name}${against}.`
    : `for ${name}${against}, ${map.side} × ${map.side} cells`;
  view.part(".low").textContent = map?.signed ? "against" : "0";
  view.part(".high").textContent = map?.signed ? "for" : "maximum of this map";
};
const legend = (view) => {
  const image = new ImageData(256, 1);
  for (let step = 0; step < 256; step++) image.data.set([...(view.map?.table ?? signedTable)[step], 255], 4 * step);
  view.part(".scale").getContext("2d").putImageData(image, 0, 0);
};
const choose = (view) => {
  view.map = shownMap(view.select.value);
  if (view.map) Object.assign(view, { heat: heatOf(view.map), contour: contourOf(view.map) });
  describe(view);
  legend(view);
  paint(view);
};
const chooseAll = () => views.forEach(choose);

// Zoom about a place of the pane (0 to 1 from its left and top), and never beyond the image.
const within = (value) => Math.min(Math.max(value, 0), 1 - 1 / state.zoom);
const zoomTo = (zoom, atX = 0.5, atY = 0.5) => {
  const before = state.zoom;
  state.zoom = Math.min(Math.max(zoom, 1), 16);
  state.x = within(state.x + atX / before - atX / state.zoom);
  state.y = within(state.y + atY / before - atY / state.zoom);
  byId("scale").textContent = Math.round(100 * state.zoom) + " %";
  views.forEach(({ pane }) => pane.classList.toggle("zoomed", state.zoom > 1));
  paintAll();
};
const move = (byX, byY) => {
  state.x = within(state.x + byX / state.zoom);
  state.y = within(state.y + byY / state.zoom);
  paintAll();
};
const keys = {
  "+": () => zoomTo(state.zoom * 1.25), "=": () => zoomTo(state.zoom * 1.25), "-": () => zoomTo(state.zoom / 1.25), 0: () => zoomTo(1),
  ArrowLeft: () => move(-0.1, 0), ArrowRight: () => move(0.1, 0), ArrowUp: () => move(0, -0.1), ArrowDown: () => move(0, 0.1),
};
const listen = (view) => {
  const { pane, canvas, select } = view;
  select.addEventListener("change", () => choose(view));
  pane.addEventListener("keydown", (event) => {
    const isMove = event.key.startsWith("Arrow");
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys) || isMove && state.zoom === 1) return;
    event.preventDefault();
    keys[event.key]();
  });
  pane.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { left, top, width, height } = canvas.getBoundingClientRect();
    zoomTo(state.zoom * 2 ** (-event.deltaY / 200), (event.clientX - left) / width, (event.clientY - top) / height);
  }, { passive: false });
  // One finger or the mouse moves, two fingers zoom about their middle.
  const held = new Map();
  const spread = () => {
    const [[ax, ay], [bx, by]] = held.values(), { left, top, width, height } = canvas.getBoundingClientRect();
    return [Math.hypot(ax - bx, ay - by), ((ax + bx) / 2 - left) / width, ((ay + by) / 2 - top) / height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, [event.clientX, event.clientY]);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held.has(event.pointerId)) return;
    const [x, y] = held.get(event.pointerId), before = held.size === 2 && spread();
    held.set(event.pointerId, [event.clientX, event.clientY]);
    if (held.size === 1) move((x - event.clientX) / canvas.clientWidth, (y - event.clientY) / canvas.clientHeight);
    if (before && before[0] > 0) {
      const [now, atX, atY] = spread();
      zoomTo(state.zoom * now / before[0], atX, atY);
    }
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => held.delete(event.pointerId));
  // As many pixels as the screen has.
  new ResizeObserver(() => {
    const scale = Math.min(devicePixelRatio, 4096 / Math.max(canvas.clientWidth, canvas.clientHeight, 1));
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * scale));
    canvas.height = Math.max(1, Math.round(canvas.clientHeight * scale));
    paint(view);
  }).observe(canvas);
};

const percent = (id) => {
  const slider = byId(id), apply = () => {
    state[id] = slider.value / 100;
    slider.parentElement.querySelector("output").textContent = slider.value + " %";
    paintAll();
  };
  slider.addEventListener("input", apply);
  apply();
};
const start = () => {
  ratio = scan.naturalWidth / scan.naturalHeight;
  document.documentElement.style.setProperty("--ratio", ratio);
  document.querySelector(".views").hidden = document.querySelector(".controls").hidden = false;
  scan.hidden = document.querySelector(".unpainted").hidden = true;
  views.forEach(listen);
  document.querySelectorAll("[name=class]").forEach((radio) => radio.addEventListener("change", () => {
    state.class = Number(radio.value);
    chooseAll();
  }));
  byId("colours").addEventListener("change", chooseAll);
  byId("contour").addEventListener("change", (event) => { state.contour = event.target.checked; paintAll(); });
  byId("in").addEventListener("click", () => zoomTo(state.zoom * 1.25));
  byId("out").addEventListener("click", () => zoomTo(state.zoom / 1.25));
  byId("reset").addEventListener("click", () => zoomTo(1));
  // A browser that went back may have kept what was chosen.
  state.class = Number(document.querySelector("[name=class]:checked").value);
  state.contour = byId("contour").checked;
  chooseAll();
  ["opacity", "alone"].forEach(percent);
};
scan.decode().then(start);
