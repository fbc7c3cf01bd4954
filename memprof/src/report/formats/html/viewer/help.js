// Keys and their help.

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

/**
 * Listens to keys: those of every page, and others with their actions.
 * @param {Record<string, () => void>} others
 */
function onKeys(others) {
	/** @type {Record<string, () => void>} */
	const actions = {
		"?": () => /** @type {HTMLDialogElement} */ (document.getElementById("help")).showModal(),
		t: switchTheme,
		...others,
	};
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
		const action = Object.hasOwn(actions, event.key) ? actions[event.key] : null;
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
