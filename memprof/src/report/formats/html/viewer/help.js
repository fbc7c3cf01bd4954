// Keys and their help.

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

/**
 * @param {string[]} paragraphs
 * @param {[string, string][]} keys
 */
function helpDialog(paragraphs, keys) {
	const dialog = el(
		"dialog",
		{ id: "help", "aria-labelledby": "help-title" },
		el("h2", { id: "help-title", text: "How to read this page" }),
		...paragraphs.map((text) => el("p", { text })),
		facts(keys.map(([key, meaning]) => [key, meaning])),
		el("form", { method: "dialog" }, el("button", { text: "Close" })),
	);
	return dialog;
}

function onKeys() {
	const cycle = (/** @type {string[]} */ values, /** @type {string} */ now) =>
		values[(values.indexOf(now) + 1) % values.length];
	document.addEventListener("keydown", (event) => {
		const target = event.target;
		const typing =
			target instanceof HTMLInputElement ||
			target instanceof HTMLTextAreaElement ||
			target instanceof HTMLSelectElement;
		const help = /** @type {HTMLDialogElement} */ (document.getElementById("help"));
		if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
		if (event.key === "Escape") {
			if (typing) target.blur();
			else go({ fn: "", pivot: "" });
			return;
		}
		if (typing) return;
		const metric = /** @type {HTMLSelectElement | null} */ (document.getElementById("metric"));
		/** @type {Record<string, () => void>} */
		const actions = {
			"?": () => help.showModal(),
			"/": () => document.getElementById("search")?.focus(),
			m: () =>
				go({
					metric: cycle(
						[...(metric?.options ?? [])].map((option) => option.value),
						metric?.value ?? "",
					),
					zoom: "",
				}),
			f: () => go({ direction: cycle(["icicle", "flames"], state.direction) }),
			s: () => go({ frames: cycle(["folded", "hidden", "all"], state.frames) }),
			p: () => go({ pivot: state.pivot ? "" : state.fn }),
			0: () => go({ zoom: "", pivot: "" }),
			t: switchTheme,
		};
		const action = actions[event.key];
		if (!action) return;
		event.preventDefault();
		action();
	});
}

function switchTheme() {
	const root = document.documentElement;
	const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
	root.dataset.theme = dark ? "light" : "dark";
	try {
		localStorage.setItem("memprof-theme", root.dataset.theme);
	} catch {
		// The choice is for this visit.
	}
	announce(`${dark ? "Light" : "Dark"} theme`);
}
