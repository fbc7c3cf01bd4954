// Keys of the pages with a call tree.

/** @type {[string, string][]} */
const KEYS = [
	["?", "This help"],
	["/", "Search in the call tree; Enter goes to the next match, Shift+Enter to the one before"],
	["m", "Next measure"],
	["f", "Flames, or roots on top"],
	["s", "Frames of std and runtimes: where they allocate, hidden, all"],
	["p", "Callers and callees of the chosen function, or back"],
	["0", "Zoom out to the whole"],
	["t", "Light or dark"],
	["Esc", "Close this help, or give up the choice of a function"],
	["Arrows", "Move in the call tree, or along the timeline (Shift: in large steps)"],
	["Enter, Backspace", "In the call tree: zoom in, zoom out"],
	["Alt+Left", "Back: each zoom, measure and choice is a step, and its address a link"],
];

/** @returns {Record<string, () => void>} */
function graphActions() {
	const cycle = (/** @type {string[]} */ values, /** @type {string} */ now) =>
		values[(values.indexOf(now) + 1) % values.length];
	return {
		"/": () => document.getElementById("search")?.focus(),
		m: () => {
			const metric = /** @type {HTMLSelectElement | null} */ (document.getElementById("metric"));
			go({
				metric: cycle(
					[...(metric?.options ?? [])].map((option) => option.value),
					metric?.value ?? "",
				),
				zoom: "",
			});
		},
		f: () => go({ direction: cycle(["icicle", "flames"], state.direction) }),
		s: () => go({ frames: cycle(["folded", "hidden", "all"], state.frames) }),
		p: () => go({ pivot: state.pivot ? "" : state.fn }),
		0: () => go({ zoom: "", pivot: "" }),
	};
}
