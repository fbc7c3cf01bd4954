// The table of functions of a comparison.

/** Columns: the change by which a row is sorted, and its cell. */
/** @type {{key: string, title: string, help: string, change: (row: FunctionChange) => number | null, cell: (row: FunctionChange, most: number) => Child, faint?: (row: FunctionChange) => boolean, hint?: (row: FunctionChange) => string}[]} */
const CHANGE_COLUMNS = [
	{
		key: "self",
		title: "change",
		help: "Change of the bytes that the function's own code allocated; the column adds up to the change of the total",
		change: (row) => row.self_allocated_bytes.change,
		cell: (row, most) => changeBar(row.self_allocated_bytes.change, most),
		hint: (row) => fromTo(row.self_allocated_bytes.old, row.self_allocated_bytes.new, exactBytes),
	},
	{
		key: "calls_part",
		title: "by more calls",
		help: "Part of the change that more or fewer calls explain, each as large as before",
		change: (row) => row.self_allocated_bytes.from_calls,
		cell: (row) => zeroIsQuiet(row.self_allocated_bytes.from_calls),
	},
	{
		key: "each_part",
		title: "by more a call",
		help: "Part of the change that more or fewer bytes in each call explain",
		change: (row) => row.self_allocated_bytes.from_each_call,
		cell: (row) => zeroIsQuiet(row.self_allocated_bytes.from_each_call),
	},
	{
		key: "calls",
		title: "calls",
		help: "Calls that have started, in the old run and in the new one",
		change: (row) => row.calls.change,
		cell: (row) => fromTo(row.calls.old, row.calls.new, count),
		faint: (row) => row.calls.change === 0,
	},
	{
		key: "all",
		title: "with callees",
		help: "Change of the bytes allocated by the function and everything beneath it",
		change: (row) => row.allocated_bytes.change,
		cell: (row) => zeroIsQuiet(row.allocated_bytes.change),
		hint: (row) => fromTo(row.allocated_bytes.old, row.allocated_bytes.new, exactBytes),
	},
	{
		key: "peak",
		title: "peak/call",
		help: "The most that one call rose above its start",
		change: (row) => row.peak_bytes.change,
		cell: (row) => differenceCell(row.peak_bytes),
		faint: (row) => !row.peak_bytes.is_significant,
		hint: (row) => fromTo(row.peak_bytes.old, row.peak_bytes.new, exactBytes),
	},
	{
		key: "retained",
		title: "retained",
		help: "Change of the live bytes that the function's own code allocated; ± is the standard error of an estimate",
		change: (row) => row.retained_bytes.change,
		cell: (row) => differenceCell(row.retained_bytes),
		faint: (row) => !row.retained_bytes.is_significant,
		hint: (row) => fromTo(row.retained_bytes.old, row.retained_bytes.new, exactBytes),
	},
];

/** @param {number} change */
function zeroIsQuiet(change) {
	return change === 0 ? el("span", { class: "quiet", text: "0" }) : signedBytes(change);
}

/** @param {Difference} figure */
function differenceCell({ old: before, new: after, change, error, is_significant: significant }) {
	if (change === null) return before === null && after === null ? UNKNOWN : `${bytes(before)} → ${bytes(after)}`;
	const about = error ? ` ± ${bytes(error)}` : "";
	return change === 0 && !significant && !about ? "0" : signedBytes(change) + about;
}

/**
 * A change as a bar to the right for more, and to the left for less.
 * @param {number} change
 * @param {number} most
 */
function changeBar(change, most) {
	const element = el("span", { class: `change-bar ${directionOf(change)}` }, el("b", { text: signedBytes(change) }));
	element.style.setProperty("--part", String(most > 0 ? Math.abs(change) / most : 0));
	return element;
}

/**
 * @param {Diff} diff
 * @returns {HTMLElement}
 */
function changeTable(diff) {
	const { functions, unattributed, totals } = diff;
	const most = functions.reduce((top, row) => Math.max(top, Math.abs(row.self_allocated_bytes.change)), 0);
	const changed = functions.filter(hasChanged);
	/** @type {Record<string, [string, FunctionChange[]]>} */
	const kinds = {
		"": ["that changed", changed],
		new: ["that are new", functions.filter((row) => row.presence === "new")],
		gone: ["that are gone", functions.filter((row) => row.presence === "gone")],
		all: ["of both runs", functions],
	};
	const show = el(
		"select",
		{ id: "show", onchange: () => go({ show: show.value, page: "" }) },
		...Object.entries(kinds).map(([value, [text, rows]]) =>
			el("option", { value, text: `${text} (${count(rows.length)})` }),
		),
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
	const holder = el("div");

	/** The rows that are chosen: an address can have any text. */
	function shown() {
		return Object.hasOwn(kinds, state.show) ? state.show : "";
	}

	function rows() {
		const [, all] = kinds[shown()];
		const matches = matcher(state.filter);
		const kept = matches ? all.filter((row) => matches.test(row.name) || matches.test(row.file)) : [...all];
		const [key, falling] = sortOrder();
		const sign = falling ? -1 : 1;
		if (key === "name") kept.sort((one, other) => sign * (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
		const column = CHANGE_COLUMNS.find((one) => one.key === key);
		if (column) {
			// Rows come by the size of their change, whichever way it goes; ties stay in the order of the comparison.
			const size = (/** @type {FunctionChange} */ row) => Math.abs(column.change(row) ?? -0.5);
			kept.sort((one, other) => sign * (size(one) - size(other)));
		}
		return { kept, error: matches?.error ?? "" };
	}

	function render() {
		show.value = shown();
		if (document.activeElement !== filter) filter.value = state.filter;
		const sorted = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.key;
		const { kept, error } = rows();
		const size = Math.floor(MOST_CELLS / (CHANGE_COLUMNS.length + 1));
		let start = Math.max(0, Math.min(Number(state.page) || 0, Math.floor((kept.length - 1) / size) * size));
		const chosen = state.fn ? nameOf(state.fn).plain : "";
		if (chosen && !state.page) {
			const index = kept.findIndex((row) => nameOf(row.name).plain === chosen);
			if (index >= 0) start = Math.floor(index / size) * size;
		}
		result.textContent = error
			? `Not an expression: ${error}`
			: `${count(kept.length)} of ${plural(functions.length, "function")}`;
		if (kept.length === 0) {
			const why = changed.length === 0 && !state.filter ? "No function changed." : "No function fits this choice.";
			return fill(holder, el("p", { class: "quiet", text: why }));
		}
		const own = unattributed.self_allocated_bytes.change;
		const all = totals.allocated_bytes.change;
		const empty = CHANGE_COLUMNS.slice(1).map(() => el("td"));
		fill(
			holder,
			el(
				"div",
				{ class: "scroll", tabindex: "0", role: "region", "aria-label": "Functions" },
				el(
					"table",
					{ class: "functions" },
					el("caption", { class: "offscreen", text: "Functions, with their changes" }),
					el(
						"thead",
						null,
						el(
							"tr",
							null,
							sortHeading("name", "function", "Name"),
							...CHANGE_COLUMNS.map(({ key, title, help }) => sortHeading(key, title, help)),
						),
					),
					el("tbody", null, ...kept.slice(start, start + size).map((row) => rowOf(row, chosen))),
					el(
						"tfoot",
						null,
						el(
							"tr",
							null,
							el("th", { scope: "row", class: "text", text: OUTSIDE }),
							el("td", { text: signedBytes(own) }),
							...empty,
						),
						el(
							"tr",
							null,
							el("th", { scope: "row", class: "text", text: "total" }),
							el("td", { text: signedBytes(all) }),
							...empty.map(() => el("td")),
						),
					),
				),
			),
			pager(kept.length, start, size, (next) => go({ page: String(next) }, true)),
		);
		if (sorted) /** @type {HTMLElement | null} */ (holder.querySelector(`[data-key="${CSS.escape(sorted)}"]`))?.focus();
	}

	/**
	 * @param {FunctionChange} row
	 * @param {string} chosen
	 */
	function rowOf(row, chosen) {
		return el(
			"tr",
			{
				class: nameOf(row.name).plain === chosen ? "chosen" : null,
				onclick: () => {
					if (!String(getSelection())) go({ fn: row.name });
				},
			},
			el("th", { scope: "row", class: "text" }, selectButton(row.name), presenceMark(row.presence)),
			...CHANGE_COLUMNS.map(({ cell, faint, hint }) =>
				el("td", { class: faint?.(row) ? "quiet" : null, title: hint?.(row) }, cell(row, most)),
			),
		);
	}

	onChange((changes) => {
		/** @type {(keyof State)[]} */
		const drawn = ["sort", "filter", "page", "fn", "show"];
		if (drawn.some((key) => changes.has(key))) render();
	});
	render();
	return section(
		"functions",
		"Functions",
		el("div", { class: "tools" }, field("Functions", show), field("Filter", filter), result),
		holder,
	);
}
