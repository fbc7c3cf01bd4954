// The table of functions: every column of the JSON report.

const FIRST_COLUMNS =
	"calls allocated_bytes self_allocated_bytes allocated_count peak_bytes retained_bytes copied_bytes";

/** Titles and meanings of columns; others are shown by their names. */
/** @type {Record<string, [string, string]>} */
const COLUMN_TITLES = {
	calls: ["calls", "Calls that have started"],
	active: ["active", "Calls started and not finished"],
	panicked: ["panicked", "Calls that ended by a panic"],
	allocated_bytes: ["allocated", "Bytes allocated, including callees"],
	allocated_count: ["blocks", "Allocations, including callees"],
	deallocated_bytes: ["deallocated", "Bytes deallocated, including callees, whoever allocated them"],
	net_bytes: ["net", "Allocated − deallocated; negative if blocks of other functions were deallocated"],
	self_allocated_bytes: ["self", "Bytes allocated by the function's own code; the column adds up to the total"],
	self_allocated_count: ["self blocks", "Allocations by the function's own code"],
	self_net_bytes: ["self net", "Allocated − deallocated by the function's own code"],
	grown_bytes: ["grown", "Growth by reallocation, in the function's own code"],
	copied_bytes: ["copied", "The most that growing by reallocation moved"],
	peak_bytes: ["peak/call", "The most that one call rose above its start, on its own thread"],
	retained_bytes: ["retained", "Live bytes that the function's own code allocated, whoever frees them"],
	retained_error_bytes: ["retained ±", "Standard error of retained; 0 when exact"],
};

/**
 * @param {Report} report
 * @returns {HTMLElement}
 */
function functionSection(report) {
	const { functions, unattributed, totals } = report;
	const columns = columnsOf(functions);
	const keys = columns.map((column) => column.key);
	const most = new Map(
		columns.map(({ key }) => [key, functions.reduce((top, row) => Math.max(top, figure(row, key) ?? 0), 0)]),
	);

	const filter = el("input", {
		id: "filter",
		type: "search",
		placeholder: "text or /expression/",
		spellcheck: "false",
		autocomplete: "off",
		oninput: afterTyping(() => go({ filter: filter.value, page: "" }, true)),
	});
	const result = el("output", { class: "quiet", for: "filter", "aria-live": "polite" });
	const choice = el(
		"details",
		{ class: "columns", ontoggle: () => choice.open && showChoice() },
		el("summary", { text: "Columns" }),
	);
	const holder = el("div");

	function shownColumns() {
		const wanted = state.columns === "all" ? keys : (state.columns || FIRST_COLUMNS).split(" ");
		return columns.filter((column) => wanted.includes(column.key));
	}

	function showChoice() {
		const shown = new Set(shownColumns().map((column) => column.key));
		const boxes = el(
			"div",
			{ class: "choice" },
			el("button", { type: "button", text: "All", onclick: () => go({ columns: "all" }) }),
			el("button", { type: "button", text: "Usual", onclick: () => go({ columns: "" }) }),
			...columns.map(({ key, title, help }) =>
				el(
					"label",
					{ title: help },
					el("input", {
						type: "checkbox",
						value: key,
						checked: shown.has(key),
						onchange: () => {
							const chosen = [...boxes.querySelectorAll("input")].filter((box) => box.checked).map((box) => box.value);
							go({ columns: chosen.join(" ") });
						},
					}),
					title,
				),
			),
		);
		fill(choice, choice.firstElementChild, choice.open ? boxes : null);
	}

	function rows() {
		const matches = matcher(state.filter);
		const kept = matches ? functions.filter((row) => matches.test(row.name) || matches.test(row.file)) : [...functions];
		const [key, falling] = sortOrder();
		const sign = falling ? -1 : 1;
		kept.sort((one, other) => {
			if (key === "name") return sign * (one.name < other.name ? -1 : 1);
			const [left, right] = [figure(one, key), figure(other, key)];
			// Unknown figures are last in both directions.
			if (left === null || right === null) return Number(left === null) - Number(right === null);
			return sign * (left - right);
		});
		return { kept, error: matches?.error ?? "" };
	}

	function render() {
		if (document.activeElement !== filter) filter.value = state.filter;
		const sorted = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.key;
		const { kept, error } = rows();
		const shown = shownColumns();
		const size = Math.max(4, Math.min(25, Math.floor(MOST_CELLS / (shown.length + 1))));
		let start = Math.max(0, Math.min(Number(state.page) || 0, Math.floor((kept.length - 1) / size) * size));
		const chosen = state.fn ? nameOf(state.fn).plain : "";
		if (chosen && !state.page) {
			const index = kept.findIndex((row) => nameOf(row.name).plain === chosen);
			if (index >= 0) start = Math.floor(index / size) * size;
		}
		result.textContent = error
			? `Not an expression: ${error}`
			: `${count(kept.length)} of ${plural(functions.length, "function")}`;
		const sums = [
			[OUTSIDE, (/** @type {string} */ key) => unattributed[key] ?? unattributed[`self_${key}`] ?? null],
			["total", (/** @type {string} */ key) => /** @type {any} */ (totals)[key.replace(/^self_/, "")] ?? null],
		];
		fill(
			holder,
			el(
				"div",
				{ class: "scroll", tabindex: "0", role: "region", "aria-label": "Functions" },
				el(
					"table",
					{ class: "functions" },
					el("caption", { class: "offscreen", text: "Functions, with their figures" }),
					el(
						"thead",
						null,
						el(
							"tr",
							null,
							sortHeading("name", "function", "Name"),
							...shown.map(({ key, title, help }) => sortHeading(key, title, help)),
						),
					),
					el(
						"tbody",
						null,
						...kept.slice(start, start + size).map((row) =>
							el(
								"tr",
								{
									class: nameOf(row.name).plain === chosen ? "chosen" : null,
									onclick: () => {
										if (!String(getSelection())) go({ fn: row.name });
									},
								},
								el("th", { scope: "row", class: "text" }, selectButton(row.name)),
								...shown.map(({ key }) => cell(row, key)),
							),
						),
					),
					el(
						"tfoot",
						null,
						...sums.map(([name, of]) =>
							el(
								"tr",
								null,
								el("th", { scope: "row", class: "text", text: String(name) }),
								...shown.map(({ key }) => {
									const value = /** @type {(key: string) => any} */ (of)(key);
									// The peak of the process is not a sum of those of calls.
									return el("td", { text: key === "peak_bytes" || value === null ? "" : shownFigure(key, value) });
								}),
							),
						),
					),
				),
			),
			pager(kept.length, start, size, (next) => go({ page: String(next) }, true)),
		);
		if (sorted) /** @type {HTMLElement | null} */ (holder.querySelector(`[data-key="${CSS.escape(sorted)}"]`))?.focus();
		if (choice.open) showChoice();
	}

	/**
	 * @param {FunctionRow} row
	 * @param {string} key
	 */
	function cell(row, key) {
		const value = figure(row, key);
		if (value === null) return el("td", { class: "quiet", title: "not known", text: UNKNOWN });
		const isSize = isBytes(key);
		const error = key === "retained_bytes" && row.retained_error_bytes ? ` ± ${bytes(row.retained_error_bytes)}` : "";
		const text = shownFigure(key, value) + error;
		const title = isSize ? `${count(value)} bytes` : null;
		const top = most.get(key) ?? 0;
		return el("td", { title }, isSize && top > 0 && value > 0 ? bar(text, value / top) : text);
	}

	onChange((changed) => {
		/** @type {(keyof State)[]} */
		const drawn = ["sort", "filter", "columns", "page", "fn"];
		if (drawn.some((key) => changed.has(key))) render();
	});
	render();
	return section(
		"functions",
		"Functions",
		functions.length === 0 ? noFunctions() : null,
		functions.length === 0
			? null
			: el("div", { class: "tools" }, field("Filter", filter), result, el("span", { class: "spring" }), choice),
		holder,
	);
}

/** Columns of the rows, also of the rows within them: `per_call.p50`. */
/**
 * @param {FunctionRow[]} functions
 * @returns {{key: string, title: string, help: string}[]}
 */
function columnsOf(functions) {
	/** @type {Set<string>} */
	const keys = new Set();
	/**
	 * @param {Record<string, unknown>} row
	 * @param {string} before
	 */
	function add(row, before) {
		for (const [key, value] of Object.entries(row)) {
			if (value !== null && typeof value === "object")
				add(/** @type {Record<string, unknown>} */ (value), `${before}${key}.`);
			else if (key === "line" || key.endsWith("_mb")) continue;
			// A figure that no row knows is a column, too.
			else if (typeof value === "number" || key in COLUMN_TITLES) keys.add(before + key);
		}
	}
	for (const row of functions) add(row, "");
	// Without functions the sums have the usual columns.
	if (keys.size === 0) FIRST_COLUMNS.split(" ").forEach((key) => keys.add(key));
	return [...keys].map((key) => {
		const [title, help] = COLUMN_TITLES[key] ?? [key.replace(/_bytes/g, "").replace(/[._]/g, " "), key];
		return { key, title, help };
	});
}

/**
 * @param {Record<string, any>} row
 * @param {string} key
 * @returns {number | null}
 */
function figure(row, key) {
	let value = /** @type {any} */ (row);
	for (const part of key.split(".")) value = value?.[part];
	return typeof value === "number" ? value : null;
}

/** @param {string} key */
function isBytes(key) {
	return /bytes|^(per_call|peak_per_call)\./.test(key) && !/count/.test(key);
}

/**
 * @param {string} key
 * @param {number} value
 */
function shownFigure(key, value) {
	return isBytes(key) ? bytes(value) : count(value);
}
