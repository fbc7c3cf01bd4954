// Loads a DHAT file into valgrind's viewer: `node dh_view.mjs dh_view.js FILE`. Prints the viewer's sums and the text of
// its page by each sort metric, as JSON. An error of the viewer ends this program with it.

import { readFileSync } from "node:fs";
import vm from "node:vm";

class FakeElement {
  constructor(tag, text = "") {
    this.tag = tag;
    this.ownText = text;
    this.childNodes = [];
    this.classList = { add() {}, contains: () => true, toggle() {} };
  }
  appendChild(child) {
    child.parentNode = this;
    this.childNodes.push(child);
    return child;
  }
  cloneNode() {
    return new FakeElement(this.tag, this.ownText);
  }
  replaceChild(added, removed) {
    added.parentNode = this;
    this.childNodes = this.childNodes.map((child) => (child === removed ? added : child));
  }
  get lastChild() {
    return this.childNodes.at(-1);
  }
  get firstChild() {
    return this.childNodes[0];
  }
  set textContent(text) {
    this.childNodes = [];
    this.ownText = text;
  }
  get textContent() {
    return this.ownText + this.childNodes.map((child) => child.textContent).join("");
  }
  get selectedIndex() {
    return this.selected ?? Math.max(0, this.childNodes.findIndex((option) => option.selected));
  }
  set selectedIndex(index) {
    this.selected = index;
  }
}

const [viewer, file] = process.argv.slice(2);
const document = {
  body: new FakeElement("body"),
  location: { search: "" },
  createElement: (tag) => new FakeElement(tag),
  createTextNode: (text) => new FakeElement("#text", text),
};
const context = vm.createContext({ console, document, performance, URLSearchParams, file: readFileSync(file, "utf8") });
const steps = `
  onLoad();
  gFilename = "a file";
  gData = JSON.parse(file);
  buildTree();
  const views = [];
  for (const [index, option] of gSelect.childNodes.entries()) {
    if (!option.disabled) {
      gSelect.selectedIndex = index;
      displayTree(0, 0, 0);
      views.push(gMainDiv.textContent);
    }
  }
  JSON.stringify({
    totalBytes: gRoot._totalBytes,
    totalBlocks: gRoot._totalBlocks,
    endBytes: gRoot._atTEndBytes,
    endBlocks: gRoot._atTEndBlocks,
    views,
  });
`;
console.log(vm.runInContext(`${readFileSync(viewer, "utf8")}\n${steps}`, context));
