// Opens a page of `deadheat report --html` in Chromium: at two widths, light and dark. Fails on
// any message on the console, any request to the network, any finding of axe-core, and where the
// page cannot be used by keyboard.
//
// node page.mjs PAGE SCREENSHOTS; needs puppeteer-core, axe-core, and CHROMIUM, the browser's path.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { join, resolve } from "node:path";

const [page, shots] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(process.cwd(), "x.js"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const failures = [];
const expect = (what, holds) => { if (!holds) failures.push(what); };

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--force-color-profile=srgb"],
});
for (const width of [1280, 390]) {
  for (const scheme of ["light", "dark"]) await check(width, scheme);
}
await browser.close();
failures.forEach((failure) => console.error("FAILED " + failure));
process.exit(failures.length ? 1 : 0);

async function check(width, scheme) {
  const name = `${width}-${scheme}`;
  const tab = await browser.newPage();
  tab.on("console", (message) => failures.push(`${name}: console: ${message.text()}`));
  tab.on("pageerror", (error) => failures.push(`${name}: error: ${error.message}`));
  tab.on("request", (request) => {
    if (!request.url().startsWith("file:")) failures.push(`${name}: request: ${request.url()}`);
  });
  await tab.setViewport({ width, height: 900, isMobile: width < 500, hasTouch: width < 500 });
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  const begin = Date.now();
  await tab.goto(pathToFileURL(page).href);
  await tab.waitForSelector("#list button");
  const opened = Date.now() - begin;
  await keyboard(tab, name);
  await tab.$$eval("#list h3 button[aria-expanded=false]", (buttons) =>
    buttons.slice(0, 6).forEach((button) => button.click()));
  await tab.$$eval("#list details", (folds) => folds.slice(0, 4).forEach((fold) => { fold.open = true; }));
  expect(`${name}: the page is as wide as the window`, await tab.evaluate(() =>
    document.documentElement.scrollWidth <= document.documentElement.clientWidth));
  const findings = await audit(tab);
  for (const { id, help, nodes } of findings) {
    failures.push(`${name}: axe: ${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 120)).slice(0, 3).join(" ")}`);
  }
  await tab.screenshot({ path: join(shots, name + ".png") });
  await tab.screenshot({ path: join(shots, name + "-full.png"), clip: { x: 0, y: 0, width, height: 2400 }, captureBeyondViewport: true });
  console.log(`${name}: opened in ${opened} ms, ${findings.length} findings`);
  await tab.close();
}

// Opens the first race, looks at a point of its diagram, and filters, without a pointer.
async function keyboard(tab, name) {
  const press = async (key, times = 1) => { for (let i = 0; i < times; i++) await tab.keyboard.press(key); };
  const at = (selector) => tab.evaluate((selector) => document.activeElement.matches(selector), selector);
  const total = await tab.evaluate(() => JSON.parse(document.getElementById("index").textContent).races.length);
  await press("Tab");
  expect(`${name}: Tab reaches the search`, await at("#find"));
  await tab.keyboard.type("no such race at all");
  const status = () => tab.$eval("#shown", (element) => element.textContent);
  expect(`${name}: the search finds nothing`, (await status()).startsWith("0 of "));
  await tab.keyboard.down("Control"); await press("a"); await tab.keyboard.up("Control");
  await press("Backspace");
  expect(`${name}: all races are back`, (await status()).startsWith(String(total)));
  await filters(tab, name, total, status);
  await tab.focus("#find");
  await press("Tab", 4);
  expect(`${name}: Tab reaches the first race`, await at("#list h3 button"));
  if (!(await at("[aria-expanded=true]"))) await press("Enter");
  expect(`${name}: Enter opens it`, await at("[aria-expanded=true]"));
  await press("Tab");
  expect(`${name}: Tab reaches the diagram`, await at("svg .point"));
  const selection = () => tab.$eval(".selection", (element) => element.textContent);
  const before = await selection();
  await press("ArrowDown");
  expect(`${name}: an arrow key moves to the next point`, await at("svg .point.selected") && before !== await selection());
}

// Each filter leaves those races that have what it asks for, by the page's own data.
async function filters(tab, name, total, status) {
  for (const [id, key] of [["file", "files"], ["test", "tests"], ["goroutine", "goroutines"]]) {
    const { value, count } = await tab.evaluate((id, key) => {
      const { races } = JSON.parse(document.getElementById("index").textContent);
      const options = document.getElementById(id).options;
      const value = options[options.length - 1].value;
      return { value, count: races.filter((race) => race[key].includes(Number(value))).length };
    }, id, key);
    await tab.select("#" + id, value);
    const shown = await status();
    if (value !== "") expect(`${name}: the filter by ${id} leaves ${count}, not: ${shown}`, parseInt(shown) === count);
    await tab.select("#" + id, "");
  }
  expect(`${name}: without filters all races are there`, parseInt(await status()) === total);
}

// axe-core cannot be put into the page, whose policy forbids it; it runs beside the page's script.
async function audit(tab) {
  const session = await tab.createCDPSession();
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  const run = async (expression) => {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
      expression, contextId: executionContextId, awaitPromise: true, returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  await run(axe + "; 0");
  const found = await run("axe.run(document).then((found) => JSON.stringify(found.violations))");
  return JSON.parse(found);
}
