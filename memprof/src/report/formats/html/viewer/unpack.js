// The report as its JSON has it, from the packed form in the page: see `html/packed.rs`. JSON that is not packed passes
// through unchanged.

/**
 * @param {any} data
 * @returns {any}
 */
function unpack(data) {
	/** @type {string[]} */
	const texts = Array.isArray(data.texts) ? data.texts : [];
	/** @type {Map<Column, unknown[]>} Rows of each list within rows, by number. */
	const seen = new Map();

	/**
	 * @param {any} value
	 * @param {Column} column
	 * @returns {[string, unknown]}
	 */
	function cell(value, column) {
		if (typeof column === "string") {
			return column.startsWith("$") ? [column.slice(1), text(value)] : [column, value];
		}
		if (Array.isArray(column)) {
			const [name, ...columns] = column;
			return [/** @type {string} */ (name), value === null ? null : row(value, columns)];
		}
		const [[name, columns]] = Object.entries(column);
		const rows = seen.get(column) ?? [];
		seen.set(column, rows);
		const list = value.map((/** @type {any} */ item) => {
			if (typeof item === "number") return rows[item];
			rows.push(row(item, columns));
			return rows.at(-1);
		});
		return [name, list];
	}

	/** @param {any} value */
	function text(value) {
		if (value === null) return null;
		return Array.isArray(value) ? value.map((number) => texts[number]) : texts[value];
	}

	/**
	 * @param {any[]} values
	 * @param {Column[]} columns
	 */
	function row(values, columns) {
		return Object.fromEntries(columns.map((column, index) => cell(values[index], column)));
	}

	/**
	 * @param {any} value
	 * @returns {any}
	 */
	function walk(value) {
		if (value === null || typeof value !== "object") return value;
		if (Array.isArray(value)) return value.map(walk);
		if (Array.isArray(value.rows) && Array.isArray(value.columns)) {
			return value.rows.map((/** @type {any[]} */ values) => row(values, value.columns));
		}
		return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]));
	}

	const { texts: _, ...rest } = data;
	return walk(rest);
}
