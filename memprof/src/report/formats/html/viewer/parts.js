// Parts that several sections share.

/** Name of what no tracked function allocated. */
const OUTSIDE = "(outside tracked functions)";

/** Cells of one page of a table of functions, so that the page stays light with any number of columns. */
const MOST_CELLS = 260;

/**
 * @param {string} id
 * @param {string} title
 * @param {...Child} children
 */
function section(id, title, ...children) {
	return el(
		"section",
		{ id, "aria-labelledby": `${id}-title` },
		el("h2", { id: `${id}-title`, text: title }),
		...children,
	);
}

/**
 * A control with its label.
 * @param {string} label
 * @param {HTMLElement} control
 */
function field(label, control) {
	return el("label", { class: "field" }, el("span", { text: label }), control);
}

/**
 * Calls a function when the width of an element has changed, and at first.
 * @param {Element} element
 * @param {() => void} run
 */
function onWidth(element, run) {
	let width = -1;
	new ResizeObserver(() => {
		if (element.clientWidth === width) return;
		width = element.clientWidth;
		requestAnimationFrame(run);
	}).observe(element);
}

/**
 * A table. Cells are texts or elements; numeric columns are aligned to the right.
 * @param {string} caption
 * @param {{title: string, help?: string, text?: boolean}[]} columns
 * @param {Child[][]} rows
 */
function table(caption, columns, rows) {
	return el(
		"div",
		{ class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
		el(
			"table",
			null,
			el("caption", { class: "offscreen", text: caption }),
			el(
				"thead",
				null,
				el(
					"tr",
					null,
					...columns.map((column) =>
						el("th", { scope: "col", title: column.help, class: column.text ? "text" : null, text: column.title }),
					),
				),
			),
			el(
				"tbody",
				null,
				...rows.map((row) =>
					el("tr", null, ...row.map((cell, index) => el("td", { class: columns[index].text ? "text" : null }, cell))),
				),
			),
		),
	);
}

/**
 * A table with a page of its rows at a time; nothing without rows.
 * @template R
 * @param {string} caption
 * @param {{title: string, help?: string, text?: boolean}[]} columns
 * @param {R[]} rows
 * @param {number} size
 * @param {(row: R) => Child[]} cells
 */
function pagedTable(caption, columns, rows, size, cells) {
	if (rows.length === 0) return null;
	const holder = el("div");
	/** @param {number} page */
	function show(page) {
		const start = page * size;
		fill(
			holder,
			table(caption, columns, rows.slice(start, start + size).map(cells)),
			pager(rows.length, start, size, (next) => show(next / size)),
		);
	}
	show(0);
	return holder;
}

/**
 * Buttons for the pages of a list; nothing if it has one page.
 * @param {number} length
 * @param {number} start
 * @param {number} size
 * @param {(start: number) => void} turn
 */
function pager(length, start, size, turn) {
	if (length <= size) return null;
	/**
	 * @param {string} text
	 * @param {number} to
	 */
	const button = (text, to) =>
		el("button", { type: "button", text, disabled: to < 0 || to >= length || to === start, onclick: () => turn(to) });
	return el(
		"div",
		{ class: "pager" },
		button("First", 0),
		button("Previous", start - size),
		el("span", {
			class: "quiet",
			text: `${count(start + 1)}–${count(Math.min(start + size, length))} of ${count(length)}`,
		}),
		button("Next", start + size),
		button("Last", Math.floor((length - 1) / size) * size),
	);
}

/** Sentence about a report without functions. */
function noFunctions() {
	return missing(
		"No function was tracked, or none was called. Put ",
		el("code", { text: "#[track_memory]" }),
		" on the functions that matter; all memory is in ",
		OUTSIDE,
		".",
	);
}

/**
 * Column by which the functions are sorted, and true if the largest figures come first.
 * @returns {[string, boolean]}
 */
function sortOrder() {
	const falling = state.sort.startsWith("-");
	return [falling ? state.sort.slice(1) : state.sort, falling];
}

/**
 * Heading of a column by which the functions can be sorted.
 * @param {string} key
 * @param {string} title
 * @param {string} help
 */
function sortHeading(key, title, help) {
	const [now, falling] = sortOrder();
	const first = key === "name" ? key : `-${key}`;
	const next = now !== key ? first : falling ? key : `-${key}`;
	return el(
		"th",
		{
			scope: "col",
			class: key === "name" ? "text" : null,
			"aria-sort": now === key ? (falling ? "descending" : "ascending") : null,
		},
		el(
			"button",
			{ type: "button", class: "sort", title: help, "data-key": key, onclick: () => go({ sort: next, page: "" }) },
			title,
		),
	);
}

/**
 * A figure with a bar for its share behind it.
 * @param {string} text
 * @param {number} part From 0 to 1
 */
function bar(text, part) {
	const element = el("span", { class: "bar", text });
	element.style.setProperty("--part", `${Math.max(0, Math.min(1, part || 0)) * 100}%`);
	return element;
}

/** @param {string} name */
function selectButton(name) {
	const parts = visible(name).split(/(?<=::)(?=.)/);
	// A name is broken between its parts, if they are few.
	const broken = parts.length > 6 ? parts : parts.flatMap((part, index) => (index ? [el("wbr"), part] : [part]));
	return el(
		"button",
		{ type: "button", class: "link", onclick: () => go({ fn: name }), title: visible(name) },
		el("bdi", null, ...broken),
	);
}

/**
 * Names and values in two columns.
 * @param {[string, Child][]} rows
 */
function facts(rows) {
	return el(
		"dl",
		{ class: "facts" },
		...rows.flatMap(([name, value]) => [el("dt", { text: name }), el("dd", null, value)]),
	);
}

/**
 * A sentence with code between backticks.
 * @param {string} text
 * @returns {Child[]}
 */
function prose(text) {
	return text.split("`").map((part, index) => (index % 2 ? el("code", { text: part }) : part));
}

/**
 * @param {string} title
 * @param {string} figure
 * @param {string} below
 * @param {string} className
 */
function card(title, figure, below, className) {
	return el(
		"div",
		{ class: `card ${className}` },
		el("div", { class: "label", text: title }),
		el("div", { class: "figure", text: figure }),
		el("div", { class: "quiet", text: below }),
	);
}

/** @param {Finding} finding */
function findingItem(finding) {
	return el(
		"li",
		{ class: `finding kind-${finding.kind}` },
		el("span", { class: "kind", text: finding.kind.replace(/_/g, " ") }),
		el(
			"div",
			null,
			el("p", { class: "title" }, bdi(finding.title)),
			finding.detail ? el("p", { class: "quiet" }, bdi(finding.detail)) : null,
			finding.advice ? el("p", { class: "advice" }, el("bdi", null, ...prose(finding.advice))) : null,
			el(
				"p",
				{ class: "links" },
				place(finding.file, finding.line),
				finding.function
					? el("button", {
							type: "button",
							class: "link",
							text: "Show in the call tree",
							onclick: () => showFunction(finding.function ?? ""),
						})
					: null,
			),
		),
	);
}

/**
 * Selects a function and shows where it is in the graph.
 * @param {string} name
 */
function showFunction(name) {
	go({ fn: name, pivot: "", zoom: "", at: "flame" });
}
