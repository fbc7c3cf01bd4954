// The first screen of a comparison: both runs, the totals, the functions that changed most, the findings that came
// and went.

/** Functions that are named at first. */
const NAMED = 5;

/**
 * @param {Diff} diff
 * @returns {HTMLElement}
 */
function changeOverview(diff) {
	const { totals } = diff;
	const name = diff.new.name || diff.old.name || "program";
	return el(
		"section",
		{ id: "overview", "aria-label": "Overview" },
		el("h1", null, bdi(name), el("span", { class: "what", text: " what changed" })),
		runs(diff),
		...diff.remarks.map((remark) => el("p", { class: "note" }, bdi(remark))),
		isSame(diff)
			? el("p", {
					class: "same",
					text: `Nothing changed: both runs allocated ${bytes(totals.allocated_bytes.new)} in the same calls.`,
				})
			: null,
		el(
			"div",
			{ class: "cards" },
			changeCard("Peak", totals.peak_bytes, bytes, ""),
			changeCard("Live at the end", totals.net_bytes, bytes, ""),
			changeCard("Allocated", totals.allocated_bytes, bytes, ""),
			changeCard("Blocks", totals.allocated_count, count, ""),
			changeCard("Copied by growing", totals.copied_bytes, bytes, ""),
			changeCard("Resident (RSS)", totals.rss_bytes, bytes, "varies from run to run"),
		),
		mostChanged(diff),
		changedFindings(diff),
	);
}

/**
 * The two runs, one beneath the other.
 * @param {Diff} diff
 */
function runs(diff) {
	/**
	 * @param {string} which
	 * @param {ComparedRun} run
	 */
	const about = (which, run) => [
		el("dt", { text: which }),
		el(
			"dd",
			null,
			bdi(
				[
					diff.old.name === diff.new.name ? null : run.name || "program",
					run.started_at ? run.started_at.replace("T", " ").replace(/\.\d+Z$|Z$/, " UTC") : null,
					`ran ${duration(run.duration_seconds)}`,
					run.host ? `on ${run.host}` : null,
					run.allocator ? `allocator ${run.allocator}` : null,
					run.exact ? null : "live memory estimated",
				]
					.filter((part) => part !== null)
					.join(" · "),
			),
		),
	];
	return el("dl", { class: "facts runs" }, ...about("old", diff.old), ...about("new", diff.new));
}

/**
 * @param {string} title
 * @param {Difference} figure
 * @param {(amount: number | null) => string} shown
 * @param {string} below
 */
function changeCard(title, figure, shown, below) {
	const { old: before, new: after, change, error, is_significant: significant } = figure;
	const varies = title.includes("RSS");
	const direction = significant && !varies ? directionOf(change) : "even";
	const figures = change === null ? "not known in both runs" : `${fromTo(before, after, shown)}`;
	const within = change && !significant ? `within its error of ${shown(error)}` : below;
	return el(
		"div",
		{ class: `card change ${direction}` },
		el("div", { class: "label", text: title }),
		el(
			"div",
			{ class: "figure" },
			el("span", { text: change === 0 ? "no change" : signed(change, shown) }),
			change ? " " : null,
			change ? el("span", { class: "relative", text: relative(before, after) }) : null,
		),
		el("div", { class: "quiet", text: figures }),
		within ? el("div", { class: "quiet", text: within }) : null,
	);
}

/**
 * The largest changes, each with its cause.
 * @param {Diff} diff
 */
function mostChanged(diff) {
	const outside = diff.unattributed.self_allocated_bytes;
	const changed = diff.functions.filter((row) => row.self_allocated_bytes.change !== 0 || row.presence !== "both");
	const others = changed.slice(NAMED);
	const rest = sum(others.map((row) => row.self_allocated_bytes.change));
	if (changed.length === 0 && outside.change === 0) return null;
	/**
	 * @param {number} change
	 * @param {Child[]} words
	 */
	const line = (change, ...words) =>
		el(
			"li",
			null,
			el("span", { class: `amount ${directionOf(change)}`, text: signedBytes(change) }),
			el("span", null, ...words),
		);
	return el(
		"div",
		null,
		el("h2", { text: "Allocated more, allocated less" }),
		el(
			"ul",
			{ class: "most-changed" },
			...changed
				.slice(0, NAMED)
				.map((row) =>
					line(
						row.self_allocated_bytes.change,
						el(
							"button",
							{ type: "button", class: "link", title: "Show in the call tree", onclick: () => showFunction(row.name) },
							bdi(row.name),
						),
						el("span", { class: "quiet", text: `: ${changeInWords(row)}` }),
					),
				),
			others.length ? line(rest, `${plural(others.length, "other function")}: see the table`) : null,
			outside.change ? line(outside.change, "outside tracked functions") : null,
		),
	);
}

/** @param {Diff} diff */
function changedFindings(diff) {
	/**
	 * @param {string} title
	 * @param {Finding[]} list
	 * @param {string} none
	 */
	const column = (title, list, none) => {
		const items = el("ol", { class: "findings" }, ...list.slice(0, 6).map(findingItem));
		return el(
			"div",
			null,
			el("h2", { text: list.length ? `${title} (${count(list.length)})` : title }),
			list.length ? items : el("p", { class: "quiet", text: none }),
			list.length > 6
				? el("p", { class: "quiet", text: `${count(list.length - 6)} more are in the JSON of the comparison.` })
				: null,
		);
	};
	return el(
		"div",
		{ class: "columns-2 came-and-went" },
		column("New findings", diff.new_findings, "The new run has no finding that the old one did not have."),
		column("Findings that are gone", diff.gone_findings, "All findings of the old run are still there."),
	);
}
