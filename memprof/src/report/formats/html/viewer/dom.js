// Elements. Every text of a report becomes a text node: nothing here reads HTML.

/**
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes
 * @typedef {Node | string | null | undefined | false} Child
 */

/**
 * An element. Names that begin with `on` are listeners, `text` is its text, `class` its classes; `null` and `false`
 * leave an attribute out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes | null} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
function el(tag, attributes, ...children) {
	const element = document.createElement(tag);
	setAttributes(element, attributes ?? {});
	element.append(...present(children));
	return element;
}

/**
 * @param {string} tag
 * @param {Attributes} attributes
 * @param {...Child} children
 */
function svg(tag, attributes, ...children) {
	const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
	setAttributes(element, attributes);
	element.append(...present(children));
	return element;
}

/**
 * @param {Element} element
 * @param {Attributes} attributes
 */
function setAttributes(element, attributes) {
	for (const [name, value] of Object.entries(attributes)) {
		if (typeof value === "function") {
			element.addEventListener(name.slice(2), value);
		} else if (name === "text") {
			element.textContent = visible(String(value));
		} else if (value !== null && value !== undefined && value !== false) {
			element.setAttribute(name, value === true ? "" : String(value));
		}
	}
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function present(children) {
	/** @type {(Node | string)[]} */
	const shown = [];
	for (const child of children) {
		if (typeof child === "string") shown.push(visible(child));
		else if (child) shown.push(child);
	}
	return shown;
}

/**
 * @param {Element} parent
 * @param {...Child} children
 */
function fill(parent, ...children) {
	parent.replaceChildren(...present(children));
}

/** Characters that are invisible or turn others around: controls, formats, and fillers. */
const MARKS = /[\p{Cc}\p{Cf}\u034f\u115f\u1160\u2028\u2029\u2800\u3164\ufe00-\ufe0f\uffa0]/gu;

/** The longest text that an element shows. The report's JSON has all of it. */
const LONGEST = 1000;

/**
 * A text of the report: characters that are invisible or turn others around are shown as escapes.
 * @param {string} text
 */
function visible(text) {
	const cut = text.length > LONGEST + 40 ? `${text.slice(0, LONGEST)}… (${count(text.length)} characters)` : text;
	return cut.replace(MARKS, (mark) => `\\u{${mark.codePointAt(0)?.toString(16)}}`);
}

/**
 * A text of the report whose direction does not reach what stands beside it.
 * @param {string} text
 * @param {string} [className]
 */
function bdi(text, className) {
	return el("bdi", { class: className, text: visible(text) });
}

/**
 * A place in a source file, as a button that copies it.
 * @param {string | null | undefined} file
 * @param {number | null | undefined} line
 */
function place(file, line) {
	if (!file) return null;
	const text = line ? `${file}:${line}` : file;
	return el("button", {
		type: "button",
		class: "place",
		title: "Copy",
		text: visible(text),
		onclick: (event) => {
			event.stopPropagation();
			copy(text).then(
				() => announce(`Copied ${visible(text)}`),
				() => announce("The browser did not allow copying"),
			);
		},
	});
}

/** @param {string} text */
async function copy(text) {
	if (navigator.clipboard) {
		try {
			return await navigator.clipboard.writeText(text);
		} catch {
			// Not allowed for files in some browsers: the older way.
		}
	}
	const area = el("textarea", { class: "offscreen" });
	area.value = text;
	const focused = document.activeElement;
	document.body.append(area);
	area.select();
	const copied = document.execCommand("copy");
	area.remove();
	if (focused instanceof HTMLElement) focused.focus();
	if (!copied) throw new Error("not copied");
}

/** @type {number | undefined} */
let announced;

/**
 * A short message at the edge of the page, which screen readers read.
 * @param {string} message
 */
function announce(message) {
	const status = document.getElementById("status");
	if (!status) return;
	status.textContent = message;
	status.classList.add("shown");
	clearTimeout(announced);
	announced = setTimeout(() => status.classList.remove("shown"), 2500);
}

/**
 * A sentence that says which figures a section lacks, and why.
 * @param {...Child} children
 */
function missing(...children) {
	return el("p", { class: "missing" }, ...children);
}

/**
 * A search text as a test of names: `/…/` is a regular expression, other text is found anywhere, without regard to
 * case.
 * @param {string} text
 * @returns {{test: (name: string) => boolean, error: string} | null} `null` without a text
 */
function matcher(text) {
	if (!text) return null;
	const pattern = /^\/(.+)\/([imsu]*)$/.exec(text);
	if (pattern) {
		try {
			const expression = new RegExp(pattern[1], pattern[2]);
			return { test: (name) => expression.test(name), error: "" };
		} catch (error) {
			return { test: () => false, error: error instanceof Error ? error.message : String(error) };
		}
	}
	const wanted = text.toLowerCase();
	return { test: (name) => name.toLowerCase().includes(wanted), error: "" };
}
