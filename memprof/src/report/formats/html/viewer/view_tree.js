// The tree as it is shown for one measure: frames of runtimes are left out, and what then looks alike is merged.

/**
 * @param {TreeNode} top
 * @param {MetricName} metric
 * @param {string} frames `all`; `folded`: of runtimes only what allocates, by its first frame; `hidden`: none of them
 * @returns {{root: ShownNode, byId: ShownNode[]}}
 */
function shownTree(top, metric, frames) {
	/** @type {ShownNode[]} */
	const byId = [];
	const isRuntime = (/** @type {TreeNode} */ node) => node.runtime && frames !== "all";

	const root = shown(entry(top), null);
	/** @type {[ShownNode, TreeNode[]][]} */
	const work = [[root, [...top.children]]];
	for (let next = work.pop(); next; next = work.pop()) {
		const [parent, below] = next;
		/** @type {Map<number, [ShownNode, TreeNode[]]>} */
		const alike = new Map();
		for (let child = below.pop(); child; child = below.pop()) {
			if (child.total[metric] <= 0) continue;
			let made = entry(child);
			if (isRuntime(child)) {
				made = throughRuntime(child, below);
				if (frames === "hidden" || made.total <= 0) {
					parent.own += made.total;
					for (const node of made.nodes) byId[node.id] = parent;
					continue;
				}
			}
			const known = alike.get(child.key);
			if (known) {
				add(known[0], made);
				for (const node of made.children) known[1].push(node);
			} else {
				alike.set(child.key, [shown(made, parent), [...made.children]]);
			}
		}
		for (const found of alike.values()) {
			parent.children.push(found[0]);
			if (found[1].length > 0) work.push(found);
		}
		if (parent.children.length > 1) parent.children.sort(byTotal);
	}
	return { root, byId };

	/**
	 * @param {TreeNode} node
	 * @returns {Entry}
	 */
	function entry(node) {
		return { nodes: [node], total: node.total[metric], own: node.own[metric], children: node.children };
	}

	/**
	 * A runtime's frame and those of runtimes beneath it, with what these allocate. Frames of others that they call are
	 * added to `below`: for them the runtime only passes on.
	 * @param {TreeNode} first
	 * @param {TreeNode[]} below
	 * @returns {Entry}
	 */
	function throughRuntime(first, below) {
		const nodes = [first];
		for (let index = 0; index < nodes.length; index += 1) {
			for (const child of nodes[index].children) (isRuntime(child) ? nodes : below).push(child);
		}
		const own = sum(nodes.map((node) => node.own[metric]));
		return { nodes, total: own, own, children: [] };
	}

	/**
	 * @param {Entry} made
	 * @param {ShownNode | null} parent
	 * @returns {ShownNode}
	 */
	function shown(made, parent) {
		const { name, kind, file, line, calls, id } = made.nodes[0];
		const node = { name, kind, file, line, calls, id, parent, children: [], total: 0, own: 0 };
		add(node, made);
		return node;
	}

	/**
	 * @param {ShownNode} node
	 * @param {Entry} made
	 */
	function add(node, made) {
		node.total += made.total;
		node.own += made.own;
		node.id = Math.min(node.id, made.nodes[0].id);
		for (const one of made.nodes) byId[one.id] = node;
	}
}

/** The order of children: what is in no path comes last. */
/**
 * @param {ShownNode} one
 * @param {ShownNode} other
 */
function byTotal(one, other) {
	return Number(one.kind === "rest") - Number(other.kind === "rest") || other.total - one.total || one.id - other.id;
}

/**
 * Calls a function for a node and all beneath it, parents first; not beneath a node for which it returns `false`.
 * @param {ShownNode} root
 * @param {(node: ShownNode) => boolean | void} visit
 */
function walkShown(root, visit) {
	const work = [root];
	for (let node = work.pop(); node; node = work.pop()) {
		if (visit(node) !== false) for (const child of node.children) work.push(child);
	}
}

/**
 * All paths through one function: its callers and its callees, each merged.
 * @param {ShownNode} root
 * @param {string} name
 */
function pivotTrees(root, name) {
	const wanted = nameOf(name).plain;
	/** @type {ShownNode[]} */
	const found = [];
	walkShown(root, (node) => {
		if (node.kind === "root" || nameOf(node.name).plain !== wanted) return true;
		found.push(node);
		// Memory of a call within a call of the same function counts once.
		return false;
	});
	const callees = merged(name, found, (node) => node.children);
	const callers = merged(name, found, () => []);
	for (const node of found) {
		let at = /** @type {ShownNode} */ (callers);
		for (let above = node.parent; above && above.kind !== "root"; above = above.parent) {
			at = callerOf(at, above);
			at.total += node.total;
			at.change = joinedChange([at, node]);
		}
		at.own += node.total;
	}
	walkShown(callers, (node) => void node.children.sort(byTotal));
	return { callers, callees, paths: found.length };
}

/**
 * The child of a node that stands for a caller.
 * @param {ShownNode} at
 * @param {ShownNode} caller
 */
function callerOf(at, caller) {
	const known = at.children.find((child) => child.name === caller.name);
	if (known) return known;
	const made = { ...caller, parent: at, children: [], total: 0, own: 0, change: undefined };
	at.children.push(made);
	return made;
}

/**
 * @param {string} name
 * @param {ShownNode[]} nodes
 * @param {(node: ShownNode) => ShownNode[]} childrenOf
 * @returns {ShownNode}
 */
function merged(name, nodes, childrenOf) {
	/** @type {ShownNode} */
	const empty = {
		name,
		kind: "function",
		file: null,
		line: null,
		calls: null,
		id: -1,
		parent: null,
		children: [],
		total: 0,
		own: 0,
	};
	const root = { ...empty, ...nodes[0], name, parent: null, children: [], ...sums(nodes) };
	/** @type {[ShownNode, ShownNode[]][]} */
	const work = [[root, nodes]];
	for (let next = work.pop(); next; next = work.pop()) {
		const [parent, alike] = next;
		/** @type {Map<string, ShownNode[]>} */
		const byName = new Map();
		for (const child of alike.flatMap(childrenOf)) {
			const list = byName.get(child.name);
			if (list) list.push(child);
			else byName.set(child.name, [child]);
		}
		for (const list of byName.values()) {
			const made = { ...list[0], parent, children: [], ...sums(list) };
			parent.children.push(made);
			work.push([made, list]);
		}
		parent.children.sort(byTotal);
	}
	return root;
}

/** @param {ShownNode[]} nodes */
function sums(nodes) {
	const calls = nodes.map((node) => node.calls);
	return {
		total: sum(nodes.map((node) => node.total)),
		own: sum(nodes.map((node) => node.own)),
		calls: calls.every((number) => number !== null) ? sum(calls.map((number) => number ?? 0)) : null,
		change: joinedChange(nodes),
	};
}

/**
 * The changes of nodes that become one.
 * @param {ShownNode[]} nodes
 * @returns {Change | undefined}
 */
function joinedChange(nodes) {
	/** @type {Change | undefined} */
	let whole;
	for (const { change } of nodes) {
		if (!change) continue;
		const { before, after, byCalls, presence } = whole ?? {
			before: 0,
			after: 0,
			byCalls: 0,
			presence: change.presence,
		};
		whole = {
			before: before + change.before,
			after: after + change.after,
			byCalls: byCalls === null || change.byCalls === null ? null : byCalls + change.byCalls,
			presence: presence === change.presence ? presence : "both",
		};
	}
	return whole;
}

/**
 * Functions whose names match, and the figure of all paths that go through one of them.
 * @param {ShownNode} root
 * @param {(name: string) => boolean} matches
 */
function found(root, matches) {
	let boxes = 0;
	let total = 0;
	/** @type {Map<ShownNode, boolean>} Nodes beneath a match. */
	const within = new Map();
	const names = new Set();
	walkShown(root, (node) => {
		const above = node.parent ? within.get(node.parent) : false;
		const hit = node.kind !== "root" && matches(node.name);
		if (hit) {
			boxes += 1;
			names.add(node.name);
			if (!above) total += node.total;
		}
		within.set(node, !!above || hit);
	});
	return { boxes, functions: names.size, total };
}
