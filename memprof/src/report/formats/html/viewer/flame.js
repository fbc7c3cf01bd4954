// The section with the graph: measure, search, zoom, and the callers and callees of one function.

/** Boxes of a graph, fewer if the rest of the page has many elements: the whole stays below `MOST_ELEMENTS`. */
const MOST_BOXES = 450;
const LEAST_BOXES = 60;
const MOST_ELEMENTS = 1980;

/**
 * @param {Report} report
 * @returns {HTMLElement}
 */
function flameSection(report) {
	const metrics = metricsOf(report);
	const tree = buildTree(report);
	for (const name of METRICS) metrics[name].total = tree.total[name];

	/** @type {Map<string, ReturnType<typeof shownTree>>} */
	const trees = new Map();
	/** @returns {ReturnType<typeof shownTree>} */
	function current() {
		const key = `${metric().name} ${state.frames}`;
		let shown = trees.get(key);
		if (!shown) {
			shown = shownTree(tree, metric().name, state.frames);
			trees.clear();
			trees.set(key, shown);
		}
		return shown;
	}

	/** The measure: without a choice the first one that has figures. */
	function metric() {
		const chosen = METRICS.find((name) => name === state.metric);
		return metrics[chosen ?? METRICS.find((name) => !metrics[name].missing && metrics[name].total > 0) ?? "allocated"];
	}

	const value = (/** @type {number} */ amount) => (metric().bytes ? bytes(amount) : plural(amount, "block"));
	const exactValue = (/** @type {number} */ amount) => (metric().bytes ? exactBytes(amount) : plural(amount, "block"));

	const metricChoice = el(
		"select",
		{ id: "metric", onchange: () => go({ metric: metricChoice.value, zoom: "" }) },
		...METRICS.map((name) =>
			el("option", { value: name, text: metrics[name].title + (metrics[name].missing ? " (none)" : "") }),
		),
	);
	const framesChoice = el(
		"select",
		{ id: "frames", onchange: () => go({ frames: framesChoice.value }) },
		el("option", { value: "folded", text: "where they allocate" }),
		el("option", { value: "hidden", text: "hidden" }),
		el("option", { value: "all", text: "all" }),
	);
	const search = el("input", {
		id: "search",
		type: "search",
		placeholder: "text or /expression/",
		spellcheck: "false",
		autocomplete: "off",
		oninput: afterTyping(() => go({ q: search.value }, true)),
		onkeydown: (event) => {
			if (event.key === "Enter") nextMatch(event.shiftKey ? -1 : 1);
		},
	});
	const searchResult = el("output", { class: "quiet", for: "search", "aria-live": "polite" });
	const direction = el("button", {
		type: "button",
		id: "direction",
		onclick: () => go({ direction: state.direction === "flames" ? "icicle" : "flames" }),
	});
	const crumbs = el("nav", { class: "crumbs", "aria-label": "Zoom" });
	const about = el("p", { class: "quiet" });
	const legend = el("div", { class: "legend", "aria-label": "Crates" });
	const notes = el("div");

	/**
	 * @param {Box} box
	 * @param {ShownNode} root
	 */
	function tip(box, root) {
		const { node, range } = box;
		const whole = root.total;
		if (range) {
			const amount = sum(node.children.slice(...range).map((child) => child.total));
			return [
				el("strong", { text: `${count(range[1] - range[0])} smaller` }),
				el("div", { text: `${exactValue(amount)}, ${share(amount, whole)}` }),
				el("div", { class: "quiet", text: "Click to spread them out" }),
			];
		}
		const { crate, runtime } = nameOf(node.name);
		return [
			el("strong", null, bdi(node.name)),
			node.file ? el("div", { class: "quiet" }, bdi(node.line ? `${node.file}:${node.line}` : node.file)) : null,
			el("div", { text: `${exactValue(node.total)}, ${share(node.total, whole)}` }),
			el("div", { text: node.children.length ? `own: ${exactValue(node.own)}` : "" }),
			node.calls === null ? null : el("div", { text: plural(node.calls, "call") }),
			node.kind === "root" || node.kind === "rest"
				? null
				: el(
						"div",
						{ class: "quiet" },
						bdi(crate ? `crate ${crate}` : "no crate"),
						runtime ? " (std or a runtime)" : "",
					),
		];
	}

	/** @param {Box} box */
	function choose(box) {
		const { node, range } = box;
		if (range) {
			go({ zoom: `${node.id}~${range[0]}-${Math.min(range[1], range[0] + RANGE)}` });
		} else {
			go({
				zoom: node.kind === "root" ? "" : String(node.id),
				fn: node.kind === "root" || node.kind === "rest" ? state.fn : node.name,
			});
		}
	}

	function out() {
		const { node, range } = zoomed();
		const above = range ? node : node.parent;
		go({ zoom: above && above.kind !== "root" ? String(above.id) : "" });
	}

	const graph = createGraph({ label: "Call tree", choose, out, tip: (box) => tip(box, current().root) });
	let pivoted = /** @type {ReturnType<typeof pivotTrees> | null} */ (null);
	const pivotOptions = {
		choose: (/** @type {Box} */ box) => {
			if (!box.range && box.node.kind !== "rest") go({ pivot: box.node.name, fn: box.node.name });
		},
		out: () => go({ pivot: "" }),
		tip: (/** @type {Box} */ box) => tip(box, current().root),
	};
	const callers = createGraph({ label: "Callers", ...pivotOptions });
	const callees = createGraph({ label: "Callees", ...pivotOptions });
	const drawing = el("div", { class: "drawing", id: "graph" });

	/** @returns {{node: ShownNode, range: [number, number] | null}} */
	function zoomed() {
		const { root, byId } = current();
		const wanted = /^(\d+)(?:~(\d+)-(\d+))?$/.exec(state.zoom);
		const node = wanted ? byId[Number(wanted[1])] : undefined;
		if (!node || !wanted) return { node: root, range: null };
		const range = /** @type {[number, number]} */ ([
			Number(wanted[2]),
			Math.min(Number(wanted[3]), node.children.length),
		]);
		return { node, range: wanted[2] !== undefined && range[0] < range[1] ? range : null };
	}

	let match = 0;
	/** @param {number} step */
	function nextMatch(step) {
		const matches = matcher(search.value);
		if (!matches) return;
		/** @type {ShownNode[]} */
		const hits = [];
		walkShown(current().root, (node) => void (node.kind !== "root" && matches.test(node.name) && hits.push(node)));
		if (hits.length === 0) return;
		hits.sort((one, other) => other.total - one.total || one.id - other.id);
		match = state.q === search.value ? (match + step + hits.length) % hits.length : 0;
		go({ q: search.value, zoom: String(hits[match].id), fn: hits[match].name });
		announce(`Match ${match + 1} of ${hits.length}`);
	}

	function render() {
		const chosen = metric();
		metricChoice.value = chosen.name;
		framesChoice.value = state.frames;
		if (document.activeElement !== search) search.value = state.q;
		const flames = state.direction === "flames";
		direction.textContent = flames ? "Roots on top" : "Flames";
		if (chosen.missing || chosen.total <= 0) {
			const why =
				chosen.missing ||
				(chosen.name === "live"
					? "Nothing is live: everything that was allocated has been freed."
					: "There is nothing to show: this measure is 0.");
			fill(drawing, missing(why));
			fill(crumbs);
			fill(legend);
			fill(notes);
			about.textContent = "";
			searchResult.textContent = "";
			return;
		}
		const { root } = current();
		const matches = matcher(state.q);
		if (matches && !matches.error) {
			const hit = found(root, matches.test);
			searchResult.textContent = hit.boxes
				? `${plural(hit.functions, "function")}, ${value(hit.total)}, ${share(hit.total, root.total)}`
				: "no match";
		} else {
			searchResult.textContent = matches ? `Not an expression: ${matches.error}` : "";
		}
		/** @param {ShownNode} focus */
		const view = (focus) => ({
			width: drawing.clientWidth || 900,
			total: root.total,
			flames,
			lit:
				matches && !matches.error
					? (/** @type {ShownNode} */ node) => node.kind !== "root" && matches.test(node.name)
					: null,
			chosen: state.fn,
			focus,
			value,
		});
		about.textContent = `Width: ${chosen.name === "blocks" ? "number of blocks" : "bytes"}. ${chosen.about} ${value(root.total)} in all.`;
		if (state.pivot) renderPivot(root, view);
		else renderGraph(view);
		renderLegend(root);
		renderNotes();
	}

	/** Number of boxes that the page has room for. */
	function room() {
		const others = document.getElementsByTagName("*").length - drawing.getElementsByTagName("*").length;
		return Math.max(LEAST_BOXES, Math.min(MOST_BOXES, MOST_ELEMENTS - others));
	}

	/** @param {(focus: ShownNode) => Parameters<typeof graph.draw>[1]} view */
	function renderGraph(view) {
		const { node, range } = zoomed();
		const boxes = layout(node, range, drawing.clientWidth || 900, room());
		if (graph.element.parentElement !== drawing) fill(drawing, graph.element);
		graph.draw(boxes, view(node));
		/** @type {ShownNode[]} */
		const path = [];
		for (let at = /** @type {ShownNode | null} */ (node); at; at = at.parent) path.unshift(at);
		const shown = path.length > 12 ? [path[0], ...path.slice(-11)] : path;
		fill(
			crumbs,
			...shown.map((at, index) =>
				el("button", {
					type: "button",
					class: "crumb",
					"aria-current": index === shown.length - 1 && !range ? "true" : null,
					title: visible(at.name),
					onclick: () => go({ zoom: at.kind === "root" ? "" : String(at.id) }),
					text: visible(at.kind === "root" ? "All" : shortName(at.name)),
				}),
			),
			range
				? el("span", {
						class: "crumb",
						text: `${count(range[0] + 1)}–${count(range[1])} of ${count(node.children.length)}`,
					})
				: null,
			range && range[1] < node.children.length
				? el("button", {
						type: "button",
						class: "crumb",
						text: "Next",
						onclick: () => go({ zoom: `${node.id}~${range[1]}-${Math.min(range[1] + RANGE, node.children.length)}` }),
					})
				: null,
		);
	}

	/**
	 * @param {ShownNode} root
	 * @param {(focus: ShownNode) => Parameters<typeof graph.draw>[1]} view
	 */
	function renderPivot(root, view) {
		pivoted = pivotTrees(root, state.pivot);
		fill(
			crumbs,
			el("button", { type: "button", class: "crumb", text: "← Whole graph", onclick: () => go({ pivot: "" }) }),
			el("span", { class: "crumb", "aria-current": "true" }, bdi(shortName(state.pivot))),
		);
		if (pivoted.paths === 0) {
			fill(
				drawing,
				missing("No path through ", bdi(state.pivot), " has this measure. Choose another measure, or show all frames."),
			);
			return;
		}
		const most = room() / 2;
		fill(
			drawing,
			el("p", { class: "pivot-title", text: `Callers, in ${plural(pivoted.paths, "path")}` }),
			callers.element,
			el("p", { class: "pivot-title", text: "Callees" }),
			callees.element,
		);
		const width = drawing.clientWidth || 900;
		callers.draw(layout(pivoted.callers, null, width, most), { ...view(pivoted.callers), flames: true });
		callees.draw(layout(pivoted.callees, null, width, most), { ...view(pivoted.callees), flames: false });
	}

	/** @param {ShownNode} root */
	function renderLegend(root) {
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
		fill(
			legend,
			...ranked.map(([label, { colour, total, sample }]) => {
				const query = colour > 0 && colour < COLOURS && sample ? `${sample}::` : "";
				return el(
					"button",
					{
						type: "button",
						class: "key",
						disabled: !query,
						title: `own: ${exactValue(total)}`,
						"aria-pressed": query && state.q === query ? "true" : null,
						onclick: () => go({ q: state.q === query ? "" : query }),
					},
					el("span", { class: `swatch colour-${colour}` }),
					bdi(label),
				);
			}),
		);
	}

	function renderNotes() {
		const { live, functions, overhead } = report;
		const usesStacks = metric().name === "live" || metric().name === "peak";
		const frames = live.groups.flatMap((group) => group.stack);
		fill(
			notes,
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
			usesStacks && frames.length > 0 && frames.every((frame) => frame.function === null)
				? missing(
						"The frames have no names: the program has no symbols (stripped), or was built without the feature `backtraces`. addr2line reads the addresses with the unstripped program.",
					)
				: null,
			usesStacks && Number(overhead.stacks_not_captured) > 0
				? missing(
						`${plural(Number(overhead.stacks_not_captured), "recorded allocation")} had no stack that could be captured.`,
					)
				: null,
			!usesStacks && functions.length > 0
				? el("p", {
						class: "quiet",
						text: "This measure is known for each tracked function. Live memory also has the stacks beneath them.",
					})
				: null,
		);
	}

	onChange((changed) => {
		/** @type {(keyof State)[]} */
		const drawn = ["metric", "zoom", "pivot", "q", "direction", "frames", "fn"];
		if (drawn.some((key) => changed.has(key))) render();
	});
	onWidth(drawing, render);
	new MutationObserver(() => {
		const boxes = drawing.getElementsByTagName("*").length;
		if (boxes > LEAST_BOXES + 20 && document.getElementsByTagName("*").length > MOST_ELEMENTS + 15) render();
	}).observe(document.documentElement, { childList: true, subtree: true });

	return section(
		"flame",
		"Call tree",
		el(
			"div",
			{ class: "tools" },
			field("Measure", metricChoice),
			field("Search", search),
			searchResult,
			el("span", { class: "spring" }),
			field("std and runtimes", framesChoice),
			direction,
		),
		about,
		crumbs,
		drawing,
		legend,
		notes,
	);
}
