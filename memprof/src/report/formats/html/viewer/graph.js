// Drawing of a tree as boxes. Whatever the tree has, the drawing has a bounded number of elements: boxes that would be
// too narrow share one, and a click on that one spreads them out.

const ROW = 22;
const DEEPEST = 160;
/** Boxes of a range that a click on "N smaller" spreads out. */
const RANGE = 100;

/**
 * @param {ShownNode} focus The node that has the whole width
 * @param {[number, number] | null} range Children of `focus` that have the whole width instead
 * @param {number} pixels
 * @param {number} most Number of boxes
 * @returns {Box[]}
 */
function layout(focus, range, pixels, most) {
	let narrowest = 0.8 / Math.max(pixels, 100);
	for (;;) {
		const boxes = layoutOnce(focus, range, narrowest, most);
		if (boxes.length <= most) return boxes;
		narrowest *= 1.6;
	}
}

/**
 * @param {ShownNode} focus
 * @param {[number, number] | null} range
 * @param {number} narrowest
 * @param {number} most
 */
function layoutOnce(focus, range, narrowest, most) {
	/** @type {Box[]} */
	const boxes = [];
	/** @type {ShownNode[]} */
	const above = [];
	for (let node = focus.parent; node; node = node.parent) above.unshift(node);
	// Of a long path the ends matter: the program, and what is just above.
	const kept = above.length > 24 ? [...above.slice(0, 4), ...above.slice(-20)] : above;
	kept.forEach((node, depth) => boxes.push({ node, range: null, depth, left: 0, width: 1 }));
	const top = kept.length;
	boxes.push({ node: focus, range: null, depth: top, left: 0, width: 1 });
	/** @type {Box[]} */
	const work = [];
	if (range) {
		const shown = focus.children.slice(...range);
		place(focus, shown, range[0], top + 1, 0, 1 / Math.max(sum(shown.map((node) => node.total)), 1e-9), 0);
	} else {
		place(focus, focus.children, 0, top + 1, 0, 1 / Math.max(focus.total, 1e-9), narrowest);
	}
	for (let index = 0; index < work.length && boxes.length <= most; index += 1) {
		const box = work[index];
		if (box.depth - top < DEEPEST) {
			place(
				box.node,
				box.node.children,
				0,
				box.depth + 1,
				box.left,
				box.width / Math.max(box.node.total, 1e-9),
				narrowest,
			);
		}
	}
	return boxes;

	/**
	 * @param {ShownNode} parent
	 * @param {ShownNode[]} children
	 * @param {number} first
	 * @param {number} depth
	 * @param {number} start
	 * @param {number} scale
	 * @param {number} least
	 */
	function place(parent, children, first, depth, start, scale, least) {
		let left = start;
		let narrow = 0;
		let since = 0;
		/** @param {number} end */
		function flush(end) {
			if (narrow >= least && narrow > 0) {
				boxes.push({ node: parent, range: [first + since, first + end], depth, left, width: narrow });
			}
			left += narrow;
			narrow = 0;
		}
		children.forEach((node, index) => {
			const width = node.total * scale;
			if (width < least) {
				if (narrow === 0) since = index;
				narrow += width;
				return;
			}
			flush(index);
			const box = { node, range: null, depth, left, width };
			boxes.push(box);
			work.push(box);
			left += width;
		});
		flush(children.length);
	}
}

/**
 * A graph in an element of its own.
 * @param {{label: string, choose: (box: Box) => void, out: () => void, tip: (box: Box) => Child[]}} options
 */
function createGraph(options) {
	const element = el("div", { class: "graph", role: "tree", "aria-label": options.label });
	/** @type {Map<Element, Box>} */
	let boxes = new Map();

	element.addEventListener("click", (event) => {
		const box = boxAt(event.target);
		if (box) options.choose(box);
	});
	element.addEventListener("mousemove", (event) => {
		const box = boxAt(event.target);
		if (box) showTip(options.tip(box), event.clientX, event.clientY);
		else hideTip();
	});
	element.addEventListener("mouseleave", hideTip);
	element.addEventListener("focusin", (event) => {
		const target = /** @type {HTMLElement} */ (event.target);
		const box = boxAt(target);
		if (!box || !target.matches(":focus-visible")) return;
		const edges = target.getBoundingClientRect();
		showTip(options.tip(box), Math.max(edges.left, 0), edges.bottom);
	});
	element.addEventListener("focusout", hideTip);
	element.addEventListener("keydown", (event) => {
		const box = boxAt(event.target);
		if (!box) return;
		if (event.key === "Enter" || event.key === " ") options.choose(box);
		else if (event.key === "Backspace") options.out();
		else if (!event.key.startsWith("Arrow") || !move(box, event.key)) return;
		event.preventDefault();
	});

	/** @param {EventTarget | null} target */
	function boxAt(target) {
		return target instanceof Element ? boxes.get(target) : undefined;
	}

	/**
	 * Moves the focus to a neighbour.
	 * @param {Box} from
	 * @param {string} key
	 */
	function move(from, key) {
		const up = element.classList.contains("flames") ? "ArrowDown" : "ArrowUp";
		const sideways = key === "ArrowLeft" || key === "ArrowRight";
		const depth = sideways ? from.depth : from.depth + (key === up ? -1 : 1);
		const middle = from.left + Math.min(from.width / 2, 1e-6);
		let best = null;
		let least = Infinity;
		for (const [candidate, box] of boxes) {
			if (box.depth !== depth || box === from) continue;
			if (key === "ArrowLeft" && box.left > from.left) continue;
			if (key === "ArrowRight" && box.left < from.left) continue;
			const distance = Math.max(box.left - middle, middle - box.left - box.width, 0);
			if (distance < least) [best, least] = [candidate, distance];
		}
		if (!(best instanceof HTMLElement)) return false;
		setCurrent(best);
		best.focus();
		return true;
	}

	/** @param {HTMLElement} current */
	function setCurrent(current) {
		for (const box of boxes.keys()) box.setAttribute("tabindex", box === current ? "0" : "-1");
	}

	/**
	 * @param {Box[]} drawn
	 * @param {{width: number, total: number, flames: boolean, lit: ((node: ShownNode) => boolean) | null, chosen: string, focus: ShownNode, value: (amount: number) => string, paint: ((element: HTMLElement, box: Box, pixels: number) => void) | null}} view
	 */
	function draw(drawn, view) {
		hideTip();
		const hadFocus = element.contains(document.activeElement);
		const rows = Math.max(...drawn.map((box) => box.depth)) + 1;
		const chosen = view.chosen ? nameOf(view.chosen).plain : null;
		boxes = new Map();
		element.classList.toggle("flames", view.flames);
		element.style.height = `${rows * ROW}px`;
		/** @type {HTMLElement | null} */
		let current = null;
		for (const box of drawn) {
			const { node, range } = box;
			const name = range ? `${count(range[1] - range[0])} smaller` : node.name;
			const amount = range ? sum(node.children.slice(...range).map((child) => child.total)) : node.total;
			const label = box.width * view.width > 34 ? (range || node.kind === "root" ? name : shortName(name)) : "";
			const lit = !range && view.lit?.(node);
			const drawnBox = el("div", {
				class: [
					"box",
					range ? "smaller" : `${node.kind} colour-${colourOf(node.name)} shade-${shadeOf(node.name)}`,
					view.lit ? (lit ? "lit" : "dim") : "",
					chosen !== null && !range && nameOf(node.name).plain === chosen ? "chosen" : "",
					isAbove(node, view.focus) && !range ? "above" : "",
				].join(" "),
				role: "treeitem",
				tabindex: "-1",
				"aria-level": box.depth + 1,
				"aria-label": `${visible(name).slice(0, 200)}, ${view.value(amount)}, ${share(amount, view.total)}`,
				text: visible(label),
			});
			drawnBox.style.left = `${box.left * 100}%`;
			drawnBox.style.width = `${box.width * 100}%`;
			drawnBox.style[view.flames ? "bottom" : "top"] = `${box.depth * ROW}px`;
			view.paint?.(drawnBox, box, box.width * view.width);
			boxes.set(drawnBox, box);
			if (node === view.focus && !range) current = drawnBox;
		}
		element.replaceChildren(...boxes.keys());
		if (current) {
			setCurrent(current);
			if (hadFocus) current.focus({ preventScroll: true });
		}
	}

	return { element, draw };
}

/**
 * @param {ShownNode} node
 * @param {ShownNode} focus
 */
function isAbove(node, focus) {
	for (let at = focus.parent; at; at = at.parent) if (at === node) return true;
	return false;
}

/**
 * @param {Child[]} content
 * @param {number} x
 * @param {number} y
 */
function showTip(content, x, y) {
	const tip = document.getElementById("tip");
	if (!tip) return;
	fill(tip, ...content);
	tip.hidden = false;
	const { width, height } = tip.getBoundingClientRect();
	tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 8))}px`;
	tip.style.top = `${y + height + 24 > innerHeight ? Math.max(4, y - height - 14) : y + 16}px`;
}

function hideTip() {
	const tip = document.getElementById("tip");
	if (tip) tip.hidden = true;
}
