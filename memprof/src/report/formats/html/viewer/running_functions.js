// The functions of a running program, with their rates.

/** Columns: their figure, and the text of one. Some are there only with a difference, some only without one. */
/** @type {{key: string, title: string, help: string, isSince?: boolean, isAlone?: boolean, figure: (row: LiveRow) => number | null, shown: (value: number | null, row: LiveRow) => string, hasBar?: boolean, isExact?: boolean}[]} */
const RATE_COLUMNS = [
	{
		key: "rate",
		title: "allocating",
		help: `Bytes that its own code allocated per second, over the last ${RATE_SECONDS} s; the column adds up to the total`,
		figure: ({ rates, seconds }) => perSecond(rates?.bytes ?? null, seconds),
		shown: byteRate,
		hasBar: true,
	},
	{
		key: "share",
		title: "share",
		help: "Share of the bytes that the whole program allocates now",
		figure: ({ rates, whole }) => (rates && whole > 0 ? rates.bytes / whole : null),
		shown: (value) => (value === null ? UNKNOWN : share(value, 1)),
	},
	{
		key: "all_rate",
		title: "with callees",
		help: "Bytes allocated per second, including callees",
		isAlone: true,
		figure: ({ rates, seconds }) => perSecond(rates?.all ?? null, seconds),
		shown: byteRate,
	},
	{
		key: "calls_rate",
		title: "calls",
		help: "Calls that started per second",
		figure: ({ rates, seconds }) => perSecond(rates?.calls ?? null, seconds),
		shown: countRate,
	},
	{
		key: "retained",
		title: "retained",
		help: "Live bytes that its own code allocated, whoever frees them",
		figure: ({ now }) => now.retained,
		shown: (value, { now }) => estimate(value, now.error),
	},
	{
		key: "self",
		title: "allocated",
		help: "Bytes that its own code allocated since the start of the program",
		isAlone: true,
		figure: ({ now }) => now.bytes,
		shown: bytes,
		isExact: true,
	},
	{
		key: "since_bytes",
		title: "allocated since",
		help: "Bytes that its own code allocated since the mark",
		isSince: true,
		figure: ({ since }) => since?.bytes ?? null,
		shown: signedBytes,
		isExact: true,
	},
	{
		key: "since_calls",
		title: "calls since",
		help: "Calls that started since the mark",
		isSince: true,
		figure: ({ since }) => since?.calls ?? null,
		shown: (value) => signed(value, count),
	},
	{
		key: "since_retained",
		title: "retained since",
		help: "Change of the retained bytes since the mark",
		isSince: true,
		figure: ({ since }) => since?.retained ?? null,
		shown: (value, { since }) =>
			signedBytes(value) + (value !== null && since?.error ? ` ± ${bytes(since.error)}` : ""),
	},
];

/** Rows of a page of the table. */
const ROWS = 25;

/**
 * @param {() => Running | null} running
 */
function runningFunctions(running) {
	const filter = el("input", {
		id: "filter",
		type: "search",
		placeholder: "text or /expression/",
		spellcheck: "false",
		autocomplete: "off",
		oninput: afterTyping(() => go({ filter: filter.value, page: "" }, true)),
	});
	const result = el("output", { class: "quiet", for: "filter", "aria-live": "polite" });
	const held = el("span", { class: "quiet", text: "The order waits while you point at a row.", hidden: true });
	const rows = steadyTable("Functions, with their rates", "functions");
	const none = noFunctions();
	const pages = el("div");
	const labels = runningLabels(running);
	let paged = "";
	/** @type {string[]} */
	let order = [];

	/** @param {boolean} isChoice True if the reader has asked for another view */
	function update(isChoice = false) {
		const now = running();
		if (!now) return;
		labels.update();
		if (document.activeElement !== filter) filter.value = state.filter;
		const all = [...now.now.functions.values()];
		const matches = matcher(state.filter);
		const kept = matches ? all.filter((row) => matches.test(row.name) || matches.test(row.file)) : all;
		const found = matches?.error
			? `Not an expression: ${matches.error}`
			: `${count(kept.length)} of ${plural(all.length, "function")}`;
		if (result.textContent !== found) result.textContent = found;
		none.hidden = all.length > 0;
		const columns = RATE_COLUMNS.filter(({ isSince, isAlone }) => (now.mark ? !isAlone : !isSince));
		const whole = now.before ? now.now.total.bytes - now.before.total.bytes : 0;
		const list = kept.map((row) => liveRow(now, row, whole));
		const isHeld = !isChoice && rows.isInUse();
		if (held.hidden === isHeld) held.hidden = !isHeld;
		sortRows(list, columns, isHeld ? order : null);
		order = list.map(({ now: { key } }) => key);
		const start = Math.max(0, Math.min(Number(state.page) || 0, Math.floor((list.length - 1) / ROWS) * ROWS));
		const shown = list.slice(start, start + ROWS);
		const most = list.reduce((top, row) => Math.max(top, row.rates?.bytes ?? 0), 0);
		rows.update(
			[state.sort, ...columns.map(({ key }) => key)].join(" "),
			() => [
				sortHeading("name", "function", "Name"),
				...columns.map(({ key, title, help }) => sortHeading(key, title, help)),
			],
			shown.map((row) => ({
				key: row.now.key,
				name: () => selectButton(row.now.name),
				cells: columns.map((column) => ({
					...cellOf(column, row),
					part: column.hasBar && most > 0 ? (row.rates?.bytes ?? 0) / most : 0,
				})),
				isChosen: row.now.name === state.fn,
				choose: () => {
					if (!String(getSelection())) go({ fn: row.now.name });
				},
			})),
			[sumRow(OUTSIDE, "outside", now, columns, whole), sumRow("total", "total", now, columns, whole)],
		);
		const pageKey = `${list.length} ${start}`;
		if (paged !== pageKey) {
			paged = pageKey;
			fill(
				pages,
				pager(list.length, start, ROWS, (next) => go({ page: String(next) }, true)),
			);
		}
	}

	onChange((changed) => {
		/** @type {(keyof State)[]} */
		const drawn = ["sort", "filter", "page", "fn"];
		if (drawn.some((key) => changed.has(key))) update(true);
	});
	const element = section(
		"functions",
		"Functions",
		el("div", { class: "tools" }, field("Filter", filter), result, held),
		none,
		rows.element,
		pages,
		labels.element,
	);
	return { element, update };
}

/**
 * A function with its figures, its rates and its differences.
 * @typedef {{now: RunningFunction, rates: Figures | null, since: Figures | null, seconds: number, whole: number}} LiveRow
 * @param {Running} running
 * @param {RunningFunction} row
 * @param {number} whole
 * @returns {LiveRow}
 */
function liveRow({ now, before, mark }, row, whole) {
	return {
		now: row,
		rates: before && addedToFunction(before, row),
		since: mark && addedToFunction(mark, row),
		seconds: before ? now.seconds - before.seconds : 0,
		whole,
	};
}

/**
 * @param {(typeof RATE_COLUMNS)[0]} column
 * @param {LiveRow} row
 * @returns {SteadyCell}
 */
function cellOf({ figure, shown, isExact }, row) {
	const value = figure(row);
	return { text: shown(value, row), hint: isExact && value !== null ? `${count(value)} bytes` : null };
}

/**
 * @param {LiveRow[]} list
 * @param {typeof RATE_COLUMNS} columns
 * @param {string[] | null} order Keys in an order that is kept
 */
function sortRows(list, columns, order) {
	if (order) {
		const places = new Map(order.map((key, index) => [key, index]));
		const placed = (/** @type {LiveRow} */ row) => places.get(row.now.key) ?? places.size;
		return list.sort((one, other) => placed(one) - placed(other));
	}
	const [key, falling] = sortOrder();
	const sign = falling ? -1 : 1;
	if (key === "name") return list.sort((one, other) => sign * (one.now.name < other.now.name ? -1 : 1));
	const { figure } = columns.find((column) => column.key === key) ?? RATE_COLUMNS[0];
	return list.sort((one, other) => {
		const [left, right] = [figure(one), figure(other)];
		// Unknown figures are last in both directions; of equal ones the function that allocated more is first.
		if (left === null || right === null) return Number(left === null) - Number(right === null);
		return sign * (left - right) || other.now.bytes - one.now.bytes;
	});
}

/**
 * @param {string} title
 * @param {"outside" | "total"} part
 * @param {Running} running
 * @param {typeof RATE_COLUMNS} columns
 * @param {number} whole
 * @returns {SteadyRow}
 */
function sumRow(title, part, { now, before, mark }, columns, whole) {
	const row = {
		now: { key: part, name: title, file: "", line: 0, ...now[part] },
		rates: before && addedTo(before[part], now[part]),
		since: mark && addedTo(mark[part], now[part]),
		seconds: before ? now.seconds - before.seconds : 0,
		whole,
	};
	const cells = columns.map((column) => {
		const cell = cellOf(column, row);
		// Calls and retained bytes have no sum.
		return part === "total" && cell.text === UNKNOWN ? { text: "" } : cell;
	});
	return { key: `(${part})`, name: () => title, cells };
}
