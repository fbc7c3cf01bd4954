// The tree behind the graphs: call paths, and beneath each the stacks of its live blocks.

/** @type {MetricName[]} */
const METRICS = ["peak", "allocated", "live", "blocks", "copied"];

const OUTSIDE = "(outside tracked functions)";

/**
 * @param {Report} report
 * @returns {Record<MetricName, Metric>}
 */
function metricsOf(report) {
	const { totals, live, peak, allocator } = report;
	const nothing = allocator.installed
		? "The program allocated nothing while it was profiled."
		: "memprof's allocator is not installed, so nothing was counted.";
	const sampled = live.exact ? "" : ` An estimate from a sample (${estimate(live.estimated_bytes, live.error_bytes)}).`;
	/**
	 * @param {MetricName} name
	 * @param {string} title
	 * @param {string} about
	 * @param {string} missing
	 */
	const metric = (name, title, about, missing) => ({ name, title, about, missing, bytes: name !== "blocks", total: 0 });
	return {
		peak: metric(
			"peak",
			"At the peak",
			peak
				? `Live memory ${duration(peak.seconds)} after the start, when it was highest.${peak.exact ? "" : " An estimate from a sample."}`
				: "",
			peak
				? ""
				: "This report has no composition of the peak: none was taken (peak_step_percent = 0, or a short or small peak), or the report is older than this figure. Choose another measure.",
		),
		allocated: metric(
			"allocated",
			"Allocated",
			"All bytes that were asked for, also those that were freed soon.",
			totals.allocated_bytes ? "" : nothing,
		),
		live: metric(
			"live",
			"Retained (live)",
			`Memory that is allocated and not yet freed, by the path and the stack that allocated it.${sampled}`,
			live.estimated_bytes === null
				? "Live blocks were not recorded (track_allocations = false), so this report does not know what is live."
				: "",
		),
		blocks: metric(
			"blocks",
			"Allocated blocks",
			"Number of allocations; a reallocation counts as one.",
			totals.allocated_count ? "" : nothing,
		),
		copied: metric(
			"copied",
			"Copied by growing",
			"Old sizes of the blocks that reallocation made larger: the most that growing moved.",
			totals.copied_bytes
				? ""
				: totals.copied_bytes === undefined
					? "This report is older than this figure."
					: "No block was made larger by reallocation, so nothing was copied.",
		),
	};
}

/**
 * The whole tree. The figures of its nodes add up to those of the report.
 * @param {Report} report
 */
function buildTree(report) {
	setProgram(report.program.name);
	/** @type {TreeNode[]} */
	const nodes = [];
	/** @type {Map<TreeNode, Map<string, TreeNode>>} */
	const indexes = new Map();

	/**
	 * @param {string} name
	 * @param {TreeNode["kind"]} kind
	 * @param {TreeNode | null} parent
	 * @returns {TreeNode}
	 */
	function node(name, kind, parent) {
		/** @type {TreeNode} */
		const made = {
			id: nodes.length,
			name,
			kind,
			file: null,
			line: null,
			calls: null,
			parent,
			children: [],
			own: { peak: 0, allocated: 0, live: 0, blocks: 0, copied: 0 },
		};
		nodes.push(made);
		parent?.children.push(made);
		return made;
	}

	/**
	 * The child with a name and a line; a new one if there is none.
	 * @param {TreeNode} parent
	 * @param {string} name
	 * @param {TreeNode["kind"]} kind
	 * @param {Frame | null} frame
	 */
	function child(parent, name, kind, frame) {
		let index = indexes.get(parent);
		if (!index) {
			index = new Map(parent.children.map((known) => [keyOf(known), known]));
			indexes.set(parent, index);
		}
		const key = keyOf({ name, kind, file: frame?.file ?? null, line: frame?.line ?? null });
		let found = index.get(key);
		if (!found) {
			found = node(name, kind, parent);
			found.file = frame?.file ?? null;
			found.line = frame?.line ?? null;
			index.set(key, found);
		}
		return found;
	}

	const root = node(report.program.name || "program", "root", null);
	const places = new Map(report.functions.map((row) => [row.name, row]));
	const rows = report.call_tree.map((row) => {
		const made = node(row.function, "function", null);
		made.calls = row.calls;
		made.file = places.get(row.function)?.file ?? null;
		made.line = places.get(row.function)?.line ?? null;
		made.own.allocated = row.self_allocated_bytes;
		made.own.blocks = row.self_allocated_count;
		made.own.copied = row.copied_bytes ?? 0;
		return made;
	});
	rows.forEach((made, index) => {
		const parent = report.call_tree[index].parent;
		made.parent = (parent === null ? root : rows[parent]) ?? root;
		made.parent.children.push(made);
	});
	const outside = node(OUTSIDE, "rest", root);
	outside.own.allocated = report.unattributed.self_allocated_bytes;
	outside.own.blocks = report.unattributed.self_allocated_count;
	outside.own.copied = report.unattributed.copied_bytes ?? 0;

	/**
	 * @param {LiveGroup[]} groups
	 * @param {"live" | "peak"} metric
	 */
	function addGroups(groups, metric) {
		let sum = 0;
		for (const group of groups) {
			let at = group.path.length === 0 ? outside : root;
			for (const name of group.path) {
				at = child(at, name, "function", places.get(name) ? placeOf(places.get(name)) : null);
			}
			const path = new Map([[nameOf(at.name).plain, at]]);
			for (const frame of framesWithin(group)) {
				const name = frameName(frame);
				const key = `${nameOf(name).plain}:${frame.line}`;
				// Recursion folds into the frame that it is already in.
				const before = path.get(key);
				at = before ?? child(at, name, "frame", frame);
				path.set(key, at);
			}
			at.own[metric] += group.bytes;
			sum += group.bytes;
		}
		return sum;
	}

	const { live, peak } = report;
	const inGroups = addGroups(live.groups, "live");
	const rest = (live.estimated_bytes ?? 0) - inGroups;
	if (rest > 0) child(root, "(live, in no group)", "rest", null).own.live = rest;
	if (live.before_start_bytes > 0 && live.estimated_bytes !== null) {
		child(root, "(before the profile started)", "rest", null).own.live = live.before_start_bytes;
	}
	if (peak) {
		const inPeak = addGroups(peak.groups, "peak");
		if (peak.net_bytes > inPeak)
			child(root, "(at the peak, in no group)", "rest", null).own.peak = peak.net_bytes - inPeak;
	}

	// Parents come before their children: sums from the last to the first reach every parent when it is complete.
	const order = [root];
	for (let index = 0; index < order.length; index += 1) order.push(...order[index].children);
	const totals = order.map(() => ({ peak: 0, allocated: 0, live: 0, blocks: 0, copied: 0 }));
	const position = new Map(order.map((made, index) => [made, index]));
	for (let index = order.length - 1; index >= 0; index -= 1) {
		const parent = order[index].parent;
		const above = parent ? totals[position.get(parent) ?? 0] : null;
		for (const metric of METRICS) {
			totals[index][metric] += order[index].own[metric];
			if (above) above[metric] += totals[index][metric];
		}
	}
	return { root, total: new Map(order.map((made, index) => [made, totals[index]])) };
}

/** @param {FunctionRow | undefined} row */
function placeOf(row) {
	return row ? { function: row.name, file: row.file, line: row.line, address: 0, module: null } : null;
}

/** @param {{name: string, kind: string, file: string | null, line: number | null}} node */
function keyOf(node) {
	return node.kind === "frame" ? `${node.name}\n${node.file}:${node.line}` : node.name;
}

/**
 * Frames of a group's stack beneath its tracked function, outermost first. The path already says what is above.
 * @param {LiveGroup} group
 */
function framesWithin(group) {
	const last = group.path.at(-1);
	let end = group.stack.length;
	if (last !== undefined) {
		const wanted = nameOf(last).plain;
		const names = group.stack.map((frame) => (frame.function ? nameOf(frameName(frame)).plain : ""));
		let found = names.indexOf(wanted);
		if (found < 0) {
			// Another form of the name, such as that of a trait's method, or its last part alone.
			const [crate, method] = [wanted.split("::")[0], wanted.split("::").at(-1)];
			found = names.findIndex((name) => name.startsWith(`${crate}::`) && name.endsWith(`::${method}`));
		}
		if (found >= 0) end = found + 1;
	}
	return group.stack.slice(0, end).reverse();
}

/**
 * Gives crates their colours, those with the largest figures first.
 * @param {ReturnType<typeof buildTree>} tree
 */
function assignColours(tree) {
	/** @type {Map<string, number>} */
	const sums = new Map();
	for (const [node] of tree.total) {
		const { crate, runtime } = nameOf(node.name);
		if (node.kind === "root" || node.kind === "rest" || runtime) continue;
		sums.set(crate, (sums.get(crate) ?? 0) + node.own.allocated + node.own.live + node.own.peak + 1);
	}
	const ranked = [...sums].sort((one, other) => other[1] - one[1]);
	ranked.forEach(([crate], index) => colours.set(crate, index + 1));
}
