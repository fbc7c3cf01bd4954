// The tree behind the graphs: call paths, and beneath each the stacks of its live blocks.

/** @type {MetricName[]} */
const METRICS = ["peak", "allocated", "live", "blocks", "copied"];

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
	const metric = (name, title, about, missing) => ({
		name,
		title,
		about,
		missing,
		nothing:
			name === "live"
				? "Nothing is live: everything that was allocated has been freed."
				: "There is nothing to show: this measure is 0.",
		bytes: name !== "blocks",
		total: 0,
	});
	return {
		peak: metric(
			"peak",
			"At the peak",
			peak
				? `Live memory ${duration(peak.seconds)} after the start, near the peak of ${bytes(peak.process_peak_bytes)}.${peak.exact ? "" : " An estimate from a sample."}`
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

/** Live blocks that are older than the profile. */
const BEFORE = "(before the profile started)";
/** Live blocks that did not fit into the live table, or that the sample missed. */
const NO_RECORD = "(live blocks without a record)";

/**
 * The whole tree. The figures of its nodes add up to those of the report.
 * @param {Report} report
 */
function buildTree(report) {
	setProgram(report.program.name);
	let nodes = 0;
	/** @type {Map<string, number>} Numbers of names and places: nodes with one number are alike. */
	const keys = new Map();
	/** @type {Map<TreeNode, Map<number, TreeNode>>} */
	const indexes = new Map();
	/** @type {Map<Frame, KnownFrame>} */
	const frames = new Map();

	/** @param {string} text */
	function keyOf(text) {
		const known = keys.get(text);
		if (known !== undefined) return known;
		keys.set(text, keys.size);
		return keys.size - 1;
	}

	/**
	 * @param {string} name
	 * @param {TreeNode["kind"]} kind
	 * @param {TreeNode | null} parent
	 * @returns {TreeNode}
	 */
	function node(name, kind, parent) {
		/** @type {TreeNode} */
		const made = {
			id: nodes,
			key: keyOf(name),
			name,
			kind,
			file: null,
			line: null,
			calls: null,
			runtime: false,
			parent,
			children: [],
			own: { peak: 0, allocated: 0, live: 0, blocks: 0, copied: 0 },
			total: { peak: 0, allocated: 0, live: 0, blocks: 0, copied: 0 },
		};
		nodes += 1;
		parent?.children.push(made);
		return made;
	}

	/**
	 * The child with a key, if there is one. Few children are searched one by one.
	 * @param {TreeNode} parent
	 * @param {number} key
	 */
	function childOf(parent, key) {
		const { children } = parent;
		if (children.length <= 8) return children.find((child) => child.key === key);
		let index = indexes.get(parent);
		if (!index) indexes.set(parent, (index = new Map()));
		// Those that came since the last search.
		for (let at = index.size; at < children.length; at += 1) index.set(children[at].key, children[at]);
		return index.get(key);
	}

	const places = new Map(report.functions.map((row) => [row.name, row]));
	/**
	 * @param {string} name
	 * @param {TreeNode | null} parent
	 */
	function functionNode(name, parent) {
		const made = node(name, "function", parent);
		made.file = places.get(name)?.file ?? null;
		made.line = places.get(name)?.line ?? null;
		return made;
	}

	/**
	 * @param {TreeNode} parent
	 * @param {KnownFrame} frame
	 */
	function frameNode(parent, frame) {
		const made = node(frame.name, "frame", parent);
		made.key = frame.key;
		made.file = frame.file;
		made.line = frame.line;
		made.runtime = frame.runtime;
		return made;
	}

	/**
	 * @param {Frame} frame
	 * @returns {KnownFrame}
	 */
	function known(frame) {
		let made = frames.get(frame);
		if (!made) {
			const name = frameName(frame);
			const { plain, runtime } = nameOf(name);
			const { file, line } = frame;
			made = { name, plain, runtime, file, line, key: keyOf(`${name}\n${file}:${line}`) };
			frames.set(frame, made);
		}
		return made;
	}

	const root = node(report.program.name || "program", "root", null);
	const rows = report.call_tree.map((row) => {
		const made = functionNode(row.function, null);
		made.calls = row.calls;
		made.own.allocated = row.self_allocated_bytes;
		made.own.blocks = row.self_allocated_count;
		made.own.copied = row.copied_bytes ?? 0;
		return made;
	});
	rows.forEach((made, index) => {
		// Rows stand behind their callers. One that does not is shown without.
		const parent = report.call_tree[index].parent;
		made.parent = parent !== null && parent < index ? rows[parent] : root;
		made.parent.children.push(made);
	});
	const outside = node(OUTSIDE, "rest", root);
	outside.own.allocated = report.unattributed.self_allocated_bytes;
	outside.own.blocks = report.unattributed.self_allocated_count;
	outside.own.copied = report.unattributed.copied_bytes ?? 0;

	/**
	 * Adds groups, and what is in none of them: the sum is the net. Estimates that exceed it are scaled down to it.
	 * @param {LiveGroup[]} groups
	 * @param {"live" | "peak"} metric
	 * @param {number} net
	 * @param {number} before Bytes from before the profile
	 * @param {boolean} isRestBefore True if the rest is from before the profile, too
	 */
	function addGroups(groups, metric, net, before, isRestBefore) {
		const whole = Math.max(0, net);
		const parts = sum(groups.map(groupBytes)) + before;
		const upTo = (/** @type {number} */ size) => (parts <= whole ? size : Math.floor((size / parts) * whole));
		let added = 0;
		const share = (/** @type {number} */ size) => upTo((added += size)) - upTo(added - size);
		for (const group of groups) {
			let at = group.path.length === 0 ? outside : root;
			for (const name of group.path) at = childOf(at, keyOf(name)) ?? functionNode(name, at);
			/** @type {Map<number, TreeNode>} */
			const path = new Map();
			for (const frame of framesWithin(group.path.at(-1), group.stack.map(known))) {
				// Recursion folds into the frame that it is already in.
				at = path.get(frame.key) ?? childOf(at, frame.key) ?? frameNode(at, frame);
				path.set(frame.key, at);
			}
			at.own[metric] += share(groupBytes(group));
		}
		const rest = Math.max(0, whole - parts);
		const old = share(before) + (isRestBefore ? rest : 0);
		if (old > 0) restNode(BEFORE, outside).own[metric] += old;
		if (rest > 0 && !isRestBefore) restNode(NO_RECORD, root).own[metric] += rest;
	}

	/**
	 * @param {string} name
	 * @param {TreeNode} parent
	 */
	function restNode(name, parent) {
		return childOf(parent, keyOf(name)) ?? node(name, "rest", parent);
	}

	const { live, peak, totals } = report;
	if (live.estimated_bytes !== null) addGroups(live.groups, "live", totals.net_bytes, live.before_start_bytes, false);
	if (peak) addGroups(peak.groups, "peak", peak.net_bytes, 0, peak.exact);

	// Parents come before their children: sums from the last to the first reach every parent when it is complete.
	const order = [root];
	for (let index = 0; index < order.length; index += 1) {
		for (const child of order[index].children) order.push(child);
	}
	for (let index = order.length - 1; index >= 0; index -= 1) {
		const { own, total, parent } = order[index];
		for (const metric of METRICS) {
			total[metric] += own[metric];
			if (parent) parent.total[metric] += total[metric];
		}
	}
	assignColours(order);
	return root;
}

/**
 * Frames of a stack beneath its tracked function, outermost first. The path already says what is above.
 * @param {string | undefined} last
 * @param {KnownFrame[]} stack
 */
function framesWithin(last, stack) {
	let end = stack.length;
	if (last !== undefined) {
		const wanted = nameOf(last).plain;
		let found = stack.findIndex((frame) => frame.plain === wanted);
		if (found < 0) {
			// Another form of the name, such as that of a trait's method, or its last part alone.
			const [first, method] = [`${wanted.split("::")[0]}::`, `::${wanted.split("::").at(-1)}`];
			found = stack.findIndex(({ plain }) => plain.startsWith(first) && plain.endsWith(method));
		}
		if (found >= 0) end = found + 1;
	}
	return stack.slice(0, end).reverse();
}

/**
 * Gives crates their colours, those with the largest figures first.
 * @param {TreeNode[]} nodes
 */
function assignColours(nodes) {
	/** @type {{name: string, size: number}[]} By key. */
	const names = [];
	for (const { key, name, kind, runtime, own } of nodes) {
		if (kind === "root" || kind === "rest" || runtime) continue;
		names[key] ??= { name, size: 1 };
		names[key].size += own.allocated + own.live + own.peak;
	}
	/** @type {Map<string, number>} */
	const sums = new Map();
	for (const { name, size } of names.filter((one) => one)) {
		const { crate } = nameOf(name);
		sums.set(crate, (sums.get(crate) ?? 0) + size);
	}
	const ranked = [...sums].sort((one, other) => other[1] - one[1]);
	ranked.forEach(([crate], index) => colours.set(crate, index + 1));
}
