// The list of races, its filters, and a race when it is opened. Everything from a program is put
// in as text.

const STEP = 100;

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

function data(id) {
  const block = document.getElementById(id);
  return block ? JSON.parse(block.textContent) : null;
}

function frames(stack) {
  if (!stack.length) return make("p", { class: "muted" }, "no stack");
  return make("ol", { class: "stack" }, ...stack.map((frame) => make("li", {},
    named(frame.function),
    frame.at ? make("span", { class: "where" }, shown(place(frame.at))) : null)));
}

function source(access, changed) {
  const at = (access.stack.find((frame) => frame.at) || {}).at;
  if (!access.source || !at) {
    return make("p", { class: "muted" }, "The report does not hold the source: it was not there, or had changed since the program was built.");
  }
  const code = make("pre", { class: "source", tabindex: "0", "aria-label": "Source at " + shown(place(at)) });
  const lines = access.source.lines.map((line) => line.replaceAll("\t", "    "));
  const indents = lines.filter((line) => line.trim()).map((line) => line.length - line.trimStart().length);
  const indent = Math.min(...indents);
  lines.forEach((line, offset) => {
    const number = access.source.first_line + offset;
    const text = shown(line.slice(indent));
    code.append(make("span", number === at.line ? { class: "line marked" } : { class: "line" },
      make("span", { class: "number" }, String(number).padStart(5) + (number === at.line ? " ▶ " : "   ")), text, "\n"));
  });
  const note = changed ? make("p", { class: "warning" }, "The file has changed since the run; these lines are those of the run.") : null;
  return make("div", {}, note, code);
}

// A function, of which the last part matters most.
function named(name) {
  const text = shown(name);
  const [closures] = text.match(/(::\{\{closure\}\})*$/);
  const cut = text.lastIndexOf("::", text.length - closures.length - 1) + 2;
  if (cut < 2) return make("code", {}, text);
  return make("code", {}, make("span", { class: "path" }, text.slice(0, cut)), text.slice(cut));
}

// The locks that were held at an access, where that is known.
function locks(access) {
  if (!access.locks) return null;
  if (!access.locks.length) return make("p", { class: "locks none" }, "No lock held");
  return make("p", { class: "locks" }, "Holding ", ...access.locks.flatMap((lock, number) =>
    [number ? ", " : "", make("strong", {}, shown(lock.operation)), " taken at ", make("code", {}, shown(place(lock.at)))]));
}

function side(which, access, label, changed) {
  const heading = make("h4", {}, make("span", { class: "badge-letter", "aria-hidden": "true" }, letter(access)),
    make("span", {}, which === "current" ? "Current: " : "Previous: ", shown(label)));
  return make("section", { class: "side " + which }, heading,
    locks(access), source(access, changed), frames(access.stack));
}

function figure(detail) {
  const selected = make("div", { class: "selection", role: "status" });
  const select = (point) => {
    const access = detail.report[point.kind];
    selected.replaceChildren(make("strong", {}, shown(point.label)), ...[access && locks(access), frames(point.stack)].filter(Boolean));
  };
  const drawn = diagram(detail.timeline, detail.report, "Space-time diagram. Goroutines from left to right, time downwards.", select);
  select(detail.timeline.points[detail.timeline.points.length - 1]);
  return make("figure", {},
    make("div", { class: "diagram" }, drawn),
    make("figcaption", {}, "Time runs down. Arrows are order; the dashed line is the order that is missing; a frame around an access is a lock that was held. What no path of arrows and lines joins may happen in any order. Point at a mark, or move to it with Tab and the arrow keys, for its stack."),
    selected);
}

function runs(detail) {
  return make("ul", {}, ...detail.runs.map((run) => make("li", {},
    shown(run.name) + " (seed " + run.seed + ", " + run.scheduler + " scheduler)",
    run.replay ? make("div", {}, "Replay: ", make("code", {}, shown(run.replay))) : null)));
}

function fold(heading, ...children) {
  return make("details", {}, make("summary", {}, heading), ...children);
}

function race(number) {
  const detail = data("race-" + number);
  const { report } = detail;
  const created = report.goroutines.filter((goroutine) => goroutine.created_at.length).map((goroutine) =>
    make("section", { class: "side" }, make("h4", {}, "Goroutine " + goroutine.id + " was created at"), frames(goroutine.created_at)));
  const { allocated } = report.location;
  const places = detail.places.length < 2 ? null : fold("Also at (" + detail.places.length + " pairs of places)",
    make("ul", {}, ...detail.places.map(([current, previous]) => make("li", {}, shown(place(current)) + " and " + shown(place(previous))))));
  return make("div", { class: "race" },
    make("p", {}, make("strong", {}, "Unordered: "), detail.unordered),
    detail.locks ? make("p", {}, make("strong", {}, "Locks: "), detail.locks) : null,
    make("p", {}, make("strong", {}, "Memory: "), detail.memory),
    report.dependent ? make("p", { class: "warning" }, "This race may follow from an earlier one of the same run.") : null,
    make("div", { class: "columns" }, figure(detail),
      make("div", {}, side("current", report.current, detail.labels[0], detail.changed[0]),
        side("previous", report.previous, detail.labels[1], detail.changed[1]))),
    fold("Explanation", ...detail.explanation.slice(1).map((part) => make("section", { class: "part" },
      make("h4", {}, part.heading), make("pre", { class: "prose" }, part.text)))),
    created.length ? fold("Where the goroutines were created", ...created) : null,
    allocated ? fold("Where the memory was allocated", make("section", { class: "side" }, frames(allocated.stack))) : null,
    places,
    fold("Found in " + detail.runs.length + (detail.runs.length === 1 ? " test" : " tests"), runs(detail)),
    make("p", { class: "muted" }, "Fingerprint ", make("code", {}, shown(report.fingerprint))));
}

function row(entry, number) {
  const body = make("div", { id: "body-" + number, hidden: "" });
  const button = make("button", { type: "button", "aria-expanded": "false", "aria-controls": "body-" + number },
    make("span", { class: "title" }, shown(entry.title[0].toUpperCase() + entry.title.slice(1))),
    make("span", { class: "what" }, shown(entry.what)),
    entry.dependent ? make("span", { class: "badge" }, "may follow from an earlier race") : null,
    make("span", { class: "count" }, entry.count === 1 ? "1 report" : entry.count + " reports"));
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    body.hidden = !open;
    if (open && !body.firstChild) body.append(race(number));
  });
  return make("li", { id: shown(entry.id) }, make("h3", {}, button), body);
}

function start() {
  const index = data("index");
  const list = document.getElementById("list");
  if (!index || !list) return;
  const byId = (id) => document.getElementById(id);
  const [find, status, more] = ["find", "shown", "more"].map(byId);
  const text = index.races.map((entry) =>
    [entry.title, entry.what, entry.id, ...[...entry.files, ...entry.tests].map((name) => index.names[name])].join("\n").toLowerCase());
  const kinds = [["file", "files"], ["test", "tests"], ["goroutine", "goroutines"]];
  for (const [id, key] of kinds) {
    const numbers = [...new Set(index.races.flatMap((entry) => entry[key]))];
    numbers.sort((a, b) => index.names[a].localeCompare(index.names[b], "en", { numeric: true }));
    byId(id).append(...numbers.map((number) => make("option", { value: number }, shown(index.names[number]))));
  }
  let matching = [], drawn = 0;

  function draw() {
    const next = matching.slice(drawn, drawn + STEP);
    list.append(...next.map((number) => row(index.races[number], number)));
    drawn += next.length;
    more.hidden = drawn >= matching.length;
  }

  function filter() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = kinds.map(([id, key]) => [key, byId(id).value]).filter(([, value]) => value !== "");
    matching = index.races.map((_, number) => number).filter((number) =>
      words.every((word) => text[number].includes(word)) &&
      wanted.every(([key, value]) => index.races[number][key].includes(Number(value))));
    list.replaceChildren();
    drawn = 0;
    draw();
    const all = index.races.length;
    status.textContent = matching.length === all ? all + (all === 1 ? " race" : " races") : matching.length + " of " + all + " races";
  }

  byId("filters").addEventListener("input", filter);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => {
    const first = list.children.length;
    draw();
    list.children[first].querySelector("button").focus();
  });
  filter();
  const wanted = index.races.findIndex((entry) => "#" + entry.id === location.hash);
  if (wanted >= 0) {
    while (drawn <= wanted) draw();
    list.children[wanted].querySelector("button").click();
    list.children[wanted].scrollIntoView();
  } else if (index.races.length === 1) {
    list.querySelector("button").click();
  }
}

start();
