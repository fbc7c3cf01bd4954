// The tree as it is shown for one measure: frames of runtimes are left out, and what then looks alike is merged.

/**
 * @param {ReturnType<typeof buildTree>} tree
 * @param {MetricName} metric
 * @param {string} frames `all`, `folded`: without frames of runtimes that only pass on, or `hidden`: without any
 * @returns {{root: ShownNode, byId: Map<number, ShownNode>}}
 */
function shownTree(tree, metric, frames) {
	/** @type {Map<number, ShownNode>} */
	const byId = new Map();
	const total = (/** @type {TreeNode} */ node) => tree.total.get(node)?.[metric] ?? 0;
	const isSkipped = (/** @type {TreeNode} */ node) =>
		node.kind === "frame" &&
		frames !== "all" &&
		(frames === "hidden" || node.own[metric] === 0) &&
		nameOf(node.name).runtime;

	const root = shown([tree.root], null);
	/** @type {[ShownNode, TreeNode[]][]} */
	const work = [[root, [tree.root]]];
	for (let next = work.pop(); next; next = work.pop()) {
		const [parent, nodes] = next;
		/** @type {Map<string, TreeNode[]>} */
		const alike = new Map();
		const below = nodes.flatMap((node) => node.children);
		for (let child = below.pop(); child; child = below.pop()) {
			if (total(child) <= 0) continue;
			if (isSkipped(child)) {
				parent.own += child.own[metric];
				byId.set(child.id, parent);
				below.push(...child.children);
				continue;
			}
			const key = keyOf(child);
			const list = alike.get(key);
			if (list) list.push(child);
			else alike.set(key, [child]);
		}
		for (const list of alike.values()) {
			const made = shown(list, parent);
			parent.children.push(made);
			work.push([made, list]);
		}
		// What is in no path comes last.
		const isRest = (/** @type {ShownNode} */ node) => Number(node.kind === "rest");
		parent.children.sort((one, other) => isRest(one) - isRest(other) || other.total - one.total || one.id - other.id);
	}
	return { root, byId };

	/**
	 * @param {TreeNode[]} nodes
	 * @param {ShownNode | null} parent
	 */
	function shown(nodes, parent) {
		const [first] = nodes;
		/** @type {ShownNode} */
		const made = {
			name: first.name,
			kind: first.kind,
			file: first.file,
			line: first.line,
			calls: first.calls,
			id: Math.min(...nodes.map((node) => node.id)),
			parent,
			children: [],
			total: sum(nodes.map(total)),
			own: sum(nodes.map((node) => node.own[metric])),
		};
		for (const node of nodes) byId.set(node.id, made);
		return made;
	}
}

/** @param {number[]} numbers */
function sum(numbers) {
	return numbers.reduce((whole, number) => whole + number, 0);
}

/**
 * Calls a function for a node and all beneath it, parents first; not beneath a node for which it returns `false`.
 * @param {ShownNode} root
 * @param {(node: ShownNode) => boolean | void} visit
 */
function walkShown(root, visit) {
	const work = [root];
	for (let node = work.pop(); node; node = work.pop()) {
		if (visit(node) !== false) work.push(...node.children);
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
		}
		at.own += node.total;
	}
	walkShown(callers, (node) => void node.children.sort((one, other) => other.total - one.total));
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
	const made = { ...caller, parent: at, children: [], total: 0, own: 0 };
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
		parent.children.sort((one, other) => other.total - one.total);
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
	};
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
