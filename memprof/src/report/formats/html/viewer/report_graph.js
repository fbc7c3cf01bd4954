// The graph of a report: call paths and the stacks of live blocks beneath them.

/**
 * @param {Report} report
 * @returns {GraphSource}
 */
function reportGraph(report) {
	const metrics = metricsOf(report);
	const tree = buildTree(report);
	for (const name of METRICS) {
		const metric = metrics[name];
		metric.total = tree.total[name];
		const total = metric.bytes ? bytes(metric.total) : plural(metric.total, "block");
		metric.about = `Width: ${name === "blocks" ? "number of blocks" : "bytes"}. ${metric.about} ${total} in all.`;
	}
	return {
		title: "Call tree",
		metrics: METRICS.map((name) => metrics[name]),
		frames: true,
		shown: (metric, frames) => shownTree(tree, /** @type {MetricName} */ (metric), frames),
		tip: nodeTip,
		legend: crateLegend,
		notes: (metric) => graphNotes(report, metric),
		paint: () => null,
	};
}

/**
 * @param {ShownNode} node
 * @param {ShownNode} root
 * @param {Metric} metric
 * @returns {Child[]}
 */
function nodeTip(node, root, metric) {
	const { crate, runtime } = nameOf(node.name);
	return [
		el("strong", null, bdi(node.name)),
		node.file ? el("div", { class: "quiet" }, bdi(node.line ? `${node.file}:${node.line}` : node.file)) : null,
		el("div", { text: `${exactAmount(metric, node.total)}, ${share(node.total, root.total)}` }),
		el("div", { text: node.children.length ? `own: ${exactAmount(metric, node.own)}` : "" }),
		node.calls === null ? null : el("div", { text: plural(node.calls, "call") }),
		node.kind === "root" || node.kind === "rest"
			? null
			: el("div", { class: "quiet" }, bdi(crate ? `crate ${crate}` : "no crate"), runtime ? " (std or a runtime)" : ""),
	];
}

/**
 * The colours of the crates, as buttons that search for them.
 * @param {ShownNode} root
 * @param {Metric} metric
 * @returns {Child[]}
 */
function crateLegend(root, metric) {
	/** @type {Map<string, {colour: number, total: number, sample: string}>} */
	const crates = new Map();
	walkShown(root, (node) => {
		if (node.kind === "root" || node.kind === "rest") return;
		const colour = colourOf(node.name);
		const label =
			colour === 0 ? "std and runtimes" : colour >= COLOURS ? "other crates" : nameOf(node.name).crate || "no crate";
		const entry = crates.get(label) ?? { colour, total: 0, sample: nameOf(node.name).crate };
		entry.total += node.own;
		crates.set(label, entry);
	});
	const ranked = [...crates].sort((one, other) => other[1].total - one[1].total).slice(0, COLOURS + 1);
	return ranked.map(([label, { colour, total, sample }]) => {
		const query = colour > 0 && colour < COLOURS && sample ? `${sample}::` : "";
		return el(
			"button",
			{
				type: "button",
				class: "key",
				disabled: !query,
				title: `own: ${exactAmount(metric, total)}`,
				"aria-pressed": query && state.q === query ? "true" : null,
				onclick: () => go({ q: state.q === query ? "" : query }),
			},
			el("span", { class: `swatch colour-${colour}` }),
			bdi(label),
		);
	});
}

/**
 * Sentences about what the graph lacks.
 * @param {Report} report
 * @param {Metric} metric
 * @returns {Child[]}
 */
function graphNotes(report, metric) {
	const { live, functions, overhead, program } = report;
	const usesStacks = metric.name === "live" || metric.name === "peak";
	const frames = live.groups.flatMap((group) => group.stack);
	// Libraries can have names where the program has none.
	const own = frames.filter((frame) => moduleName(frame) === program.name);
	const nameless = (own.length ? own : frames).every((frame) => frame.function === null);
	return [
		functions.length === 0
			? missing(
					"No function is tracked, so there are no call paths: put ",
					el("code", { text: "#[track_memory]" }),
					" on functions.",
				)
			: null,
		usesStacks && live.groups.length > 0 && frames.length === 0
			? missing(
					"There are no stacks beneath the functions: backtraces = false, or the program was built without the feature of that name.",
				)
			: null,
		usesStacks && frames.length > 0 && nameless
			? missing(
					"The frames have no names: the program has no symbols (stripped), or was built without the feature `backtraces`. addr2line reads the addresses with the unstripped program.",
				)
			: null,
		usesStacks && Number(overhead.stacks_not_captured) > 0
			? el("p", {
					class: "quiet",
					text: `No stack could be captured for ${plural(Number(overhead.stacks_not_captured), "recorded allocation")}.`,
				})
			: null,
		!usesStacks && functions.length > 0
			? el("p", {
					class: "quiet",
					text: "This measure is known for each tracked function. Live memory also has the stacks beneath them.",
				})
			: null,
	];
}
