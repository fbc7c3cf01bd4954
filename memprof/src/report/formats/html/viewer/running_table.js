// Tables that change in place: the focus, the selection and the scroll position stay.

/**
 * @param {string} caption
 * @param {string} className
 */
function steadyTable(caption, className) {
	const head = el("tr");
	const body = el("tbody");
	const foot = el("tfoot");
	/** @type {Map<string, {row: HTMLElement, shown: string[]}>} */
	let known = new Map();
	let headed = "";

	/**
	 * @param {SteadyRow} row
	 * @param {Map<string, {row: HTMLElement, shown: string[]}>} kept
	 */
	function rowOf({ key, name, cells, isChosen, choose }, kept) {
		let entry = known.get(key);
		if (!entry || entry.shown.length !== cells.length) {
			const first = el("th", { scope: "row", class: "text" }, name());
			entry = { row: el("tr", { onclick: choose }, first, ...cells.map(() => el("td"))), shown: cells.map(() => "") };
		}
		const { row, shown } = entry;
		row.classList.toggle("chosen", isChosen === true);
		cells.forEach(({ text, part, hint, isText }, index) => {
			const now = `${text}\n${part?.toFixed(3)}\n${hint ?? ""}`;
			if (shown[index] === now) return;
			shown[index] = now;
			const cell = /** @type {HTMLElement} */ (row.children[index + 1]);
			cell.className = isText ? "text" : text === UNKNOWN ? "quiet" : "";
			cell.title = hint ?? "";
			fill(cell, part ? bar(text, part) : text);
		});
		kept.set(key, entry);
		return row;
	}

	/**
	 * @param {HTMLElement} parent
	 * @param {HTMLElement[]} rows
	 */
	function place(parent, rows) {
		if (rows.length === parent.children.length && rows.every((row, index) => row === parent.children[index])) return;
		const focused = document.activeElement;
		parent.replaceChildren(...rows);
		if (focused instanceof HTMLElement && parent.contains(focused)) focused.focus({ preventScroll: true });
	}

	/**
	 * @param {string} key Headings with another key are drawn anew
	 * @param {() => HTMLElement[]} headings
	 * @param {SteadyRow[]} rows
	 * @param {SteadyRow[]} sums
	 */
	function update(key, headings, rows, sums = []) {
		if (headed !== key) {
			headed = key;
			const sorted = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.key;
			fill(head, ...headings());
			if (sorted) /** @type {HTMLElement | null} */ (head.querySelector(`[data-key="${CSS.escape(sorted)}"]`))?.focus();
		}
		const kept = new Map();
		place(
			body,
			rows.map((row) => rowOf(row, kept)),
		);
		place(
			foot,
			sums.map((row) => rowOf(row, kept)),
		);
		known = kept;
	}

	const element = el(
		"div",
		{ class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
		el(
			"table",
			{ class: className },
			el("caption", { class: "offscreen", text: caption }),
			el("thead", null, head),
			body,
			foot,
		),
	);
	/** True while the reader points at a row or has the focus in one: the rows should not move. */
	const isInUse = () =>
		(matchMedia("(hover: hover)").matches && body.matches(":hover")) || body.querySelector(":focus-visible") !== null;
	return { element, update, isInUse };
}

/**
 * @param {string} title
 * @param {boolean} isText
 */
function heading(title, isText = false) {
	return el("th", { scope: "col", class: isText ? "text" : null, text: title });
}
