// Changes in words, and the rows that changed.

/**
 * A change with its sign.
 * @param {number | null} change
 * @param {(amount: number) => string} shown
 */
function signed(change, shown) {
	if (change === null) return UNKNOWN;
	return change > 0 ? `+${shown(change)}` : change < 0 ? `−${shown(-change)}` : shown(0);
}

/** @param {number | null} change */
function signedBytes(change) {
	return signed(change, bytes);
}

/** @param {number | null} change */
function directionOf(change) {
	return !change ? "even" : change > 0 ? "more" : "less";
}

/**
 * A change as a share of the old figure.
 * @param {number | null} before
 * @param {number | null} after
 */
function relative(before, after) {
	if (!before || after === null || before < 0) return "";
	const percent = ((after - before) / before) * 100;
	if (percent >= 900) return `× ${decimal(after / before, after / before < 100 ? 1 : 0)}`;
	if (percent !== 0 && Math.abs(percent) < 0.05) return "<0.1 %";
	return percent === 0 ? "" : `${percent > 0 ? "+" : "−"}${decimal(Math.abs(percent), 1)} %`;
}

/**
 * Both figures, in full if they look the same when they are rounded.
 * @param {number | null} before
 * @param {number | null} after
 * @param {(amount: number | null) => string} shown
 */
function fromTo(before, after, shown) {
	const [from, to] = [shown(before), shown(after)];
	if (before === after) return to;
	return from === to ? `${count(before)} → ${count(after)}${shown === count ? "" : " B"}` : `${from} → ${to}`;
}

/**
 * True if anything of a function changed beyond its error.
 * @param {FunctionChange} row
 */
function hasChanged(row) {
	return (
		row.presence !== "both" ||
		[row.allocated_bytes, row.self_allocated_bytes, row.self_allocated_count, row.copied_bytes].some(
			({ change }) => change !== 0,
		) ||
		[row.calls, row.self_net_bytes, row.peak_bytes, row.retained_bytes].some((figure) => figure.is_significant)
	);
}

/**
 * True if nothing of a run differs from the other one. The resident set varies by itself.
 * @param {Diff} diff
 */
function isSame(diff) {
	const { rss_bytes: _, ...totals } = diff.totals;
	return (
		!diff.functions.some(hasChanged) &&
		!Object.values(totals).some((figure) => figure.is_significant) &&
		diff.paths.every((path) => path.presence === "both") &&
		diff.new_findings.length + diff.gone_findings.length === 0
	);
}

/**
 * Sentence about the change of one function.
 * @param {FunctionChange} row
 */
function changeInWords(row) {
	const own = row.self_allocated_bytes;
	const calls = fromTo(row.calls.old, row.calls.new, count);
	if (row.presence === "new") return `new, ${bytes(own.new)} in ${plural(row.calls.new ?? 0, "call")}`;
	if (row.presence === "gone") return `gone, it allocated ${bytes(own.old)} in ${plural(row.calls.old ?? 0, "call")}`;
	const each = `${bytes(perCall(own.old, row.calls.old))} → ${bytes(perCall(own.new, row.calls.new))} a call`;
	const fewer = (row.calls.change ?? 0) < 0 ? "fewer calls" : "more calls";
	const smaller = own.from_each_call < 0 ? "less in each call" : "more in each call";
	if (own.from_each_call === 0) return `${fewer} (${calls})`;
	if (own.from_calls === 0) return `${smaller} (${each})`;
	return `${signedBytes(own.from_calls)} by ${fewer} (${calls}), ${signedBytes(own.from_each_call)} by ${smaller} (${each})`;
}

/**
 * @param {number} whole
 * @param {number | null} calls
 */
function perCall(whole, calls) {
	return calls ? Math.round(whole / calls) : null;
}

/** @param {string} presence */
function presenceMark(presence) {
	return presence === "both" ? null : el("span", { class: `presence ${presence}`, text: presence });
}
