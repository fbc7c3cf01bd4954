// The section with the graph: measure, search, zoom, and the callers and callees of one function.

/** Boxes of a graph, fewer if the rest of the page has many elements: the whole stays below `MOST_ELEMENTS`. */
const MOST_BOXES = 450;
const LEAST_BOXES = 60;
const MOST_ELEMENTS = 1980;

/**
 * @param {GraphSource} source
 * @returns {HTMLElement}
 */
function flameSection(source) {
	const { metrics } = source;
	/** @type {Map<string, ShownTree>} */
	const trees = new Map();
	/** @returns {ShownTree} */
	function current() {
		const key = `${metric().name} ${state.frames}`;
		let shown = trees.get(key);
		if (!shown) {
			shown = source.shown(metric().name, state.frames);
			trees.clear();
			trees.set(key, shown);
		}
		return shown;
	}

	/** The measure: without a choice the first one that has figures. */
	function metric() {
		const chosen = metrics.find(({ name }) => name === state.metric);
		return chosen ?? metrics.find(({ missing: why, total }) => !why && total > 0) ?? metrics[0];
	}

	const value = (/** @type {number} */ amount) => (metric().bytes ? bytes(amount) : plural(amount, "block"));
	const exactValue = (/** @type {number} */ amount) => exactAmount(metric(), amount);

	const metricChoice = el(
		"select",
		{ id: "metric", onchange: () => go({ metric: metricChoice.value, zoom: "" }) },
		...metrics.map(({ name, title, missing: why }) =>
			el("option", { value: name, text: title + (why ? " (none)" : "") }),
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
	const legend = el("div", { class: "legend", "aria-label": "Colours" });
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
		return source.tip(node, root, metric());
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

	const graph = createGraph({ label: source.title, choose, out, tip: (box) => tip(box, current().root) });
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
			fill(drawing, missing(chosen.missing || chosen.nothing));
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
			paint: source.paint(chosen),
		});
		about.textContent = chosen.about;
		if (state.pivot) renderPivot(root, view);
		else renderGraph(view);
		fill(legend, ...source.legend(root, chosen));
		fill(notes, ...source.notes(chosen));
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
		source.title,
		el(
			"div",
			{ class: "tools" },
			field("Measure", metricChoice),
			field("Search", search),
			searchResult,
			el("span", { class: "spring" }),
			source.frames ? field("std and runtimes", framesChoice) : null,
			direction,
		),
		about,
		crumbs,
		drawing,
		legend,
		notes,
	);
}

/**
 * @param {Metric} metric
 * @param {number} amount
 */
function exactAmount(metric, amount) {
	return metric.bytes ? exactBytes(amount) : plural(amount, "block");
}
