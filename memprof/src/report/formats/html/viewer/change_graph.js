// The graph of a comparison: the call paths of both runs. The width of a box is the sum of all changes beneath it,
// more or less; the shade in it is what remains when these are added up.

/** @type {{name: string, title: string, about: string, bytes: boolean, figure: (path: PathChange) => SplitChange | Difference}[]} */
const CHANGES = [
	{
		name: "allocated",
		title: "Allocated",
		about: "Bytes that were asked for.",
		bytes: true,
		figure: (path) => path.self_allocated_bytes,
	},
	{
		name: "net",
		title: "Net",
		about: "Allocated − deallocated, in bytes.",
		bytes: true,
		figure: (path) => path.self_net_bytes,
	},
	{
		name: "blocks",
		title: "Allocated blocks",
		about: "Number of allocations.",
		bytes: false,
		figure: (path) => path.self_allocated_count,
	},
	{
		name: "copied",
		title: "Copied by growing",
		about: "Old sizes of the blocks that reallocation made larger.",
		bytes: true,
		figure: (path) => path.copied_bytes,
	},
];

/**
 * @param {Diff} diff
 * @returns {GraphSource}
 */
function changeGraph(diff) {
	return {
		title: "Call tree of both runs",
		metrics: CHANGES.map(({ name, title, about, bytes: isSize, figure }) => {
			const changes = [...diff.paths, diff.unattributed].map((path) => figure(path).change ?? 0);
			const total = sum(changes.map(Math.abs));
			return {
				name,
				title,
				about: `${about} A box is as wide as all that changed beneath it; the coloured part is what remains when more and less are added up.`,
				bytes: isSize,
				missing: "",
				nothing: `No call path changed in this measure (${title.toLowerCase()}).`,
				total,
			};
		}),
		frames: false,
		shown: (metric) => changeTree(diff, metric),
		tip: changeTip,
		legend: (root, metric) => changeLegend(root, metric, diff.paths),
		notes: () => [],
		paint: paintChange,
	};
}

/**
 * @param {Diff} diff
 * @param {string} metric
 * @returns {ShownTree}
 */
function changeTree(diff, metric) {
	const { figure } = CHANGES.find(({ name }) => name === metric) ?? CHANGES[0];
	const places = new Map(diff.functions.map((row) => [row.name, row]));
	/**
	 * @param {number} id
	 * @param {string} name
	 * @param {ShownNode["kind"]} kind
	 * @param {PathChange | null} path
	 * @returns {ShownNode}
	 */
	function node(id, name, kind, path) {
		const place = places.get(name);
		const change = path ? figure(path) : null;
		const own = Math.abs(change?.change ?? 0);
		return {
			name,
			kind,
			file: place?.file ?? null,
			line: place?.line ?? null,
			calls: null,
			id,
			parent: null,
			children: [],
			total: own,
			own,
			change: {
				before: change?.old ?? 0,
				after: change?.new ?? 0,
				byCalls: change && "from_calls" in change ? change.from_calls : kind === "root" && metric !== "net" ? 0 : null,
				presence: path?.presence ?? "both",
			},
		};
	}

	const root = node(0, diff.new.name || diff.old.name || "program", "root", null);
	const nodes = diff.paths.map((path) => node(path.id + 1, path.function, "function", path));
	const outside = node(nodes.length + 1, OUTSIDE, "rest", diff.unattributed);
	diff.paths.forEach((path, index) => {
		nodes[index].parent = path.parent === null ? root : (nodes[path.parent] ?? root);
	});
	outside.parent = root;
	// Callers come before the functions that they call: from the last to the first each sum is complete.
	for (const made of [outside, ...[...nodes].reverse()]) {
		const { parent, change } = made;
		if (!parent || !parent.change || !change) continue;
		const whole = parent.change;
		whole.before += change.before;
		whole.after += change.after;
		whole.byCalls = whole.byCalls === null || change.byCalls === null ? null : whole.byCalls + change.byCalls;
		parent.total += made.total;
		if (made.total > 0) parent.children.push(made);
	}
	for (const made of [root, ...nodes]) made.children.sort(byTotal);
	return { root, byId: [root, ...nodes, outside] };
}

/**
 * @param {ShownNode} node
 * @param {ShownNode} _root
 * @param {Metric} metric
 * @returns {Child[]}
 */
function changeTip(node, _root, metric) {
	const { change } = node;
	if (!change) return [];
	const shown = metric.bytes ? bytes : count;
	const net = change.after - change.before;
	const [more, less] = [(node.total + net) / 2, (node.total - net) / 2];
	return [
		el("strong", null, bdi(node.name)),
		presenceMark(change.presence),
		node.file ? el("div", { class: "quiet" }, bdi(node.line ? `${node.file}:${node.line}` : node.file)) : null,
		el("div", {
			text: `${signed(net, shown)} (${fromTo(change.before, change.after, (amount) => shown(amount))})`,
		}),
		more > 0 && less > 0 ? el("div", { text: `${signed(more, shown)} and ${signed(-less, shown)} beneath it` }) : null,
		change.byCalls === null || node.kind === "rest"
			? null
			: el("div", {
					class: "quiet",
					text: `${signed(change.byCalls, shown)} by the number of calls, ${signed(net - change.byCalls, shown)} by each call`,
				}),
	];
}

/**
 * @param {ShownNode} root
 * @param {Metric} metric
 * @param {PathChange[]} paths
 * @returns {Child[]}
 */
function changeLegend(root, metric, paths) {
	const shown = metric.bytes ? bytes : count;
	const net = root.change ? root.change.after - root.change.before : 0;
	const [more, less] = [(root.total + net) / 2, (root.total - net) / 2];
	/**
	 * @param {string} className
	 * @param {string} text
	 */
	const key = (className, text) => el("span", { class: "key" }, el("span", { class: `swatch ${className}` }), text);
	return [
		key("more", `more: ${signed(more, shown)}`),
		key("less", `less: ${signed(-less, shown)}`),
		key("even", "more and less that add up to nothing"),
		paths.some((path) => path.presence === "new") ? key("new", "path of the new run alone") : null,
		paths.some((path) => path.presence === "gone") ? key("gone", "path of the old run alone") : null,
		el("span", { class: "key", text: `together ${signed(net, shown)}` }),
	];
}

/**
 * Colours a box, and writes the change into it.
 * @param {Metric} metric
 */
function paintChange(metric) {
	const shown = metric.bytes ? bytes : count;
	/**
	 * @param {HTMLElement} element
	 * @param {Box} box
	 * @param {number} pixels
	 */
	return (element, box, pixels) => {
		const { node, range } = box;
		const list = range ? node.children.slice(...range) : [node];
		const change = joinedChange(list);
		if (!change) return;
		const net = change.after - change.before;
		const total = sum(list.map((one) => one.total));
		element.classList.remove("colour-0", "colour-8");
		element.classList.add("changed", directionOf(net));
		element.style.setProperty("--net", `${total > 0 ? Math.min(1, Math.abs(net) / total) * 100 : 0}%`);
		const presence = range || change.presence === "both" ? "" : `${change.presence}: `;
		element.setAttribute("aria-label", `${element.getAttribute("aria-label")}, ${presence}${signed(net, shown)}`);
		if (presence) element.classList.add(change.presence);
		if (element.textContent) {
			const amount = pixels > 110 ? signed(net, shown) : net > 0 ? "+" : net < 0 ? "−" : "";
			element.prepend(el("b", { text: amount }), " ");
		}
	};
}
