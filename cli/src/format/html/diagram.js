"use strict";
// A race as a space-time diagram: time runs down, each goroutine is a line, arrows are the order
// that is there, the dashed line is the order that is missing.

const SVG = "http://www.w3.org/2000/svg";
const LANE = 68, ROW = 50, TOP = 44, LEFT = 34;

// What a program says, with nothing in it that moves or hides other text.
function shown(text) {
  return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g,
    (letter) => "\\u{" + letter.codePointAt(0).toString(16) + "}");
}

function place(at) {
  return at ? at.file + ":" + at.line + (at.column ? ":" + at.column : "") : "";
}

function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function clipped(text, length) {
  const letters = Array.from(shown(text));
  return letters.length > length ? letters.slice(0, length - 1).join("") + "…" : letters.join("");
}

function fileName(at) {
  return at ? at.file.split("/").pop() + ":" + at.line : "";
}

// What an access did, in one letter.
function letter(access) {
  return access.kind.includes("write") ? "W" : "R";
}

// The diagram of a race; `select` is given the point that the reader looks at.
function diagram(timeline, report, title, select) {
  const { lanes, points, arrows } = timeline;
  const x = (lane) => LEFT + lane * LANE;
  const y = (row) => TOP + 18 + row * ROW;
  const labels = x(lanes.length - 1) + 24;
  const width = labels + 218, height = y(points.length - 1) + 34;
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": title });
  lanes.forEach((lane, number) => {
    const name = lane.goroutine === 1 ? "main" : "g" + lane.goroutine;
    const start = points.findIndex((point) => point.lane === number && point.kind === "start");
    root.append(
      svg("text", { x: x(number), y: 16, class: "lane-name" }, name, svg("title", {}, shown(lane.label))),
      svg("line", { x1: x(number), x2: x(number), y1: start < 0 ? 26 : y(start), y2: height - 8, class: "lane" }));
  });
  const nodes = points.map((point, row) => node(point, row));
  for (const { from, to, missing } of arrows) root.append(...arrow(from, to, missing));
  root.append(...nodes);
  return root;

  function node(point, row) {
    const at = point.stack.length ? point.stack[0].at : null;
    const group = svg("g", { class: "point " + point.kind, tabindex: "0", role: "button" },
      svg("rect", { x: 2, y: y(row) - ROW / 2 + 2, width: width - 4, height: ROW - 4, rx: 6, class: "hit" }),
      svg("line", { x1: x(point.lane) + 11, x2: labels - 6, y1: y(row), y2: y(row), class: "leader" }),
      marker(point, row),
      svg("text", { x: labels, y: y(row) - 3, class: "label" }, clipped(point.label, 30)),
      svg("text", { x: labels, y: y(row) + 13, class: "where" }, clipped(fileName(at), 28)));
    for (const event of ["focus", "pointerenter", "click"]) {
      group.addEventListener(event, () => {
        root.querySelectorAll(".selected").forEach((other) => other.classList.remove("selected"));
        group.classList.add("selected");
        select(point);
      });
    }
    group.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const next = step && nodes[row + step];
      if (next) { event.preventDefault(); next.focus(); }
    });
    return group;
  }

  function marker(point, row) {
    const [cx, cy] = [x(point.lane), y(row)];
    if (point.kind === "current" || point.kind === "previous") {
      const access = report[point.kind];
      const held = (access.locks || []).map((lock) => shown(lock.operation)).join(", ");
      const lock = held ? [svg("rect", { x: cx - 17, y: cy - 19, width: 34, height: 38, rx: 9, class: "held" }, svg("title", {}, "Holding " + held))] : [];
      return svg("g", {}, ...lock, svg("circle", { cx, cy, r: 12, class: "mark" }),
        svg("text", { x: cx, y: cy + 4, class: "letter" }, letter(access)));
    }
    if (point.kind === "release" || point.kind === "acquire") {
      return svg("rect", { x: cx - 6, y: cy - 6, width: 12, height: 12, class: "mark" });
    }
    return svg("circle", { cx, cy, r: 5, class: "mark" });
  }

  function arrow(from, to, missing) {
    const [x1, y1] = [x(points[from].lane), y(from)], [x2, y2] = [x(points[to].lane), y(to)];
    const length = Math.hypot(x2 - x1, y2 - y1) || 1;
    const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
    const gap = missing ? 16 : 9;
    const [ex, ey] = [x2 - dx * gap, y2 - dy * gap];
    const kind = missing ? "missing" : "order";
    const head = [[ex, ey], [ex - dx * 9 - dy * 5, ey - dy * 9 + dx * 5], [ex - dx * 9 + dy * 5, ey - dy * 9 - dx * 5]];
    const parts = [
      svg("line", { x1: x1 + dx * gap, y1: y1 + dy * gap, x2: ex, y2: ey, class: "arrow " + kind }),
      svg("polygon", { points: head.map((corner) => corner.join(",")).join(" "), class: "head " + kind }),
    ];
    if (missing) {
      const [mx, my] = [(x1 + x2) / 2, (y1 + y2) / 2];
      parts.push(svg("path", { d: `M${mx - 6} ${my - 6}l12 12m0-12l-12 12`, class: "cross" }));
    }
    return parts;
  }
}
